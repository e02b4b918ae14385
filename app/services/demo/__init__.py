"""The demo book: a whole nation of made-up cases whose sums are the officially published results."""
