"""One click from an RFM group to the draft of a flow."""

import pytest
from django.test import Client

from flows.models import Flow, FlowEntry, FlowVersion
from flows.services.drafting import draft_group_flow
from kernel import clock
from kernel.errors import Conflict
from messaging.services.library import install_templates
from segments.domain.rfm import GROUP_LABELS
from segments.models import Segment
from segments.services.archiving import archive_segment
from segments.services.rfm import score_all
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.loyalty import make_profile
from tests.factories.segments import make_buyer
from tests.factories.tenants import sign_in
from tests.flows.support import happen

pytestmark = pytest.mark.usefixtures("noon")
BASE = "/t/ada-soap/"
ACTOR = "ada@example.com"


@pytest.fixture(autouse=True)
def templates(tenant: Tenant) -> None:
    install_templates()


def draft(client: Client, group: str) -> str:
    response = client.post(f"{BASE}flows/draft/", {"group": group}, follow=True)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.covers("S1")
def test_a_click_on_a_group_makes_its_segment_and_a_draft_that_takes_nobody_in(
    tenant: Tenant,
) -> None:
    make_buyer(last_order_at=clock.now(), email="ada@example.com")
    score_all(clock.now())
    client = sign_in(tenant)
    page = " ".join(client.get(f"{BASE}segments/rfm/").content.decode().split())
    assert page.count("Draft a flow</button>") == len(GROUP_LABELS)

    shown = draft(client, "at_risk")

    assert "Drafted. Nobody enters before you switch it on." in shown
    segment = Segment.objects.get(key="rfm_at_risk")
    flow = Flow.objects.get()
    assert (flow.name, flow.status, flow.version_number) == ("RFM: At risk", "draft", 1)
    graph = FlowVersion.objects.get().graph
    assert graph["trigger"] == {"segment": str(segment.pk)}
    assert graph["nodes"]["first"]["template"] == "win_back"
    happen("Segment Entered", make_profile(), object_id=segment.pk)
    assert not FlowEntry.objects.exists()
    page = " ".join(client.get(f"{BASE}segments/rfm/").content.decode().split())
    assert page.count("Draft a flow</button>") == len(GROUP_LABELS) - 1
    assert f'href="{BASE}flows/{flow.pk}/"' in page


def test_every_group_has_a_draft_and_a_second_click_leads_to_the_first_one(tenant: Tenant) -> None:
    made = {group: draft_group_flow(group, actor=ACTOR) for group in GROUP_LABELS}

    assert all(is_new for _, is_new in made.values())
    for group, (flow, _) in made.items():
        assert draft_group_flow(group, actor=ACTOR) == (flow, False)
    assert Flow.objects.count() == Segment.objects.count() == len(GROUP_LABELS)


def test_a_segment_that_was_archived_is_brought_back(tenant: Tenant) -> None:
    draft_group_flow("lost", actor=ACTOR)
    Flow.objects.all().delete()
    archive_segment(Segment.objects.get().pk)

    draft_group_flow("lost", actor=ACTOR)

    assert Segment.objects.get().archived_at is None


def test_a_name_that_the_merchant_took_is_said_and_nothing_is_made(tenant: Tenant) -> None:
    Flow.objects.create(name="RFM: Lost")
    with pytest.raises(Conflict):
        draft_group_flow("lost", actor=ACTOR)
    client = sign_in(tenant)
    assert "No flow was made: A flow named RFM: Lost exists already." in draft(client, "lost")
    assert "No flow was made" in draft(client, "nonsense")
    assert not Segment.objects.exists()


def test_who_may_not_change_flows_is_offered_none(tenant: Tenant) -> None:
    make_buyer(last_order_at=clock.now())
    score_all(clock.now())
    page = sign_in(tenant, role=Role.ANALYST).get(f"{BASE}segments/rfm/").content.decode()
    assert "Draft a flow" not in page
