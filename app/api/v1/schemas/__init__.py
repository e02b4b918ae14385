"""The contract of v1: request and response models, one file per resource."""
