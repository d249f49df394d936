"""The launcher: code that runs between the crew and a job, in a process of its own.

These modules are sent as compiled code to the base interpreter (`-I -S`), so they import only the standard library,
and only modules that load quickly: not even `signal`, which would take longer than all the others together.
"""
