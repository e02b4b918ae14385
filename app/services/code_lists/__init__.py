"""The closed lists of codes with what they are called and what the law means by them."""
