"""The local runtime, which runs versions as sandboxed processes on this machine, behind a router."""
