"""Runs in the sandbox, with the service's interpreter: nothing here may import anything of ours."""
