"""Chat models, and what is asked of them and answered by them."""
