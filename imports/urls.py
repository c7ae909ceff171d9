from django.urls import path

from imports.views import moving, pages, undoing, wizard

app_name = "imports"

urlpatterns = [
    path("imports/", pages.import_list, name="list"),
    path("imports/new/", wizard.upload, name="new"),
    path("imports/klaviyo/", moving.key, name="move_key"),
    path("imports/klaviyo/<int:move_id>/", moving.move, name="move"),
    path("imports/klaviyo/<int:move_id>/progress/", moving.progress, name="move_progress"),
    path("imports/klaviyo/<int:move_id>/act/", moving.act, name="move_act"),
    path("imports/<int:import_id>/", pages.import_detail, name="detail"),
    path("imports/<int:import_id>/progress/", pages.progress, name="progress"),
    path("imports/<int:import_id>/refused.csv", pages.refused, name="refused"),
    path("imports/<int:import_id>/columns/", wizard.columns, name="columns"),
    path("imports/<int:import_id>/check/", wizard.check, name="check"),
    path("imports/<int:import_id>/stop/", wizard.stop, name="stop"),
    path("imports/<int:import_id>/run/", wizard.run, name="run"),
    path("imports/<int:import_id>/discard/", wizard.discard, name="discard"),
    path("imports/<int:import_id>/undo/", undoing.undo, name="undo"),
    path("imports/<int:import_id>/not-undone.csv", undoing.kept, name="kept"),
]
