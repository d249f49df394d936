"""The local runtime: versions as processes of this machine, in sandboxes, behind a router."""
