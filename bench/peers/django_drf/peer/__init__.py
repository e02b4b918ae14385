"""The same reads as the service, as an ordinary Django REST framework application over the same tables."""
