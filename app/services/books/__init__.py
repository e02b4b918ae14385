"""The books: how every event of a case moves it and its money between accounts."""
