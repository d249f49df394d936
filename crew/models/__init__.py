"""Chat models, their requests and replies, and the cost of calling them."""
