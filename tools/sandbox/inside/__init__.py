"""What runs between us and a job, in a process of its own.

These modules are sent as compiled code to the base interpreter (`-I -S`), so they import nothing but the standard
library, and of that only what starts quickly: not even `signal`, which would cost more than the rest together.
"""
