"""A filter and a weigher for nova-scheduler that ask Penumbra once per request.

Penumbra being slow or away never stops Nova: after a hard time-out the request goes on as if
this package were not there, and says so (see :mod:`penumbra_nova.client`).
"""
