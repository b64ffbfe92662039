"""Pages of this room, below /money/."""

from django.urls import URLPattern, path

from economics.views import dashboard, figures, rows, spend

app_name = "economics"
urlpatterns: list[URLPattern] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("rows/", rows.rows, name="rows"),
    path("figures/", figures.figures, name="figures"),
    path("spend/", spend.spend, name="spend"),
    path("spend/<int:pk>/", spend.edit, name="spend-edit"),
    path("spend/<int:pk>/remove/", spend.remove, name="spend-remove"),
    path("spend/<int:pk>/restore/", spend.restore, name="spend-restore"),
]
