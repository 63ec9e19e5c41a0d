"""HTTP/1.1 over sockets. Knows nothing of workflows: bytes out, bytes in, and how far a request got."""
