"""Addresses, the same as the service's."""

from django.urls import path

from peer.attainment import AttainmentView
from peer.priority import PriorityListView, SummaryView
from peer.views import CaseDetailView, CaseListView

urlpatterns = [
    path("v1/cases", CaseListView.as_view()),
    path("v1/cases/<uuid:pk>", CaseDetailView.as_view()),
    path("v1/priority-cases", PriorityListView.as_view()),
    path("v1/priority-cases/summary", SummaryView.as_view()),
    path("v1/target-attainment", AttainmentView.as_view()),
]
