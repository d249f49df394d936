"""Code that runs in the sandbox under the service's interpreter, and must not import other parts of Shipcrew."""
