"""Keyset pages in the service's form."""

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class KeysetPagination(CursorPagination):
    """`limit` and `cursor`; `items` and `next`."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering = ("-decision_date", "-id")

    def get_paginated_response(self, data):
        return Response({"items": data, "next": self.get_next_link(), **self.more()})

    def more(self):
        """What stands beside the items."""
        return {"count": None}
