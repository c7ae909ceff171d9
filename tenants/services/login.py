"""Logging somebody in whom we have just come to know."""

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.http import HttpRequest

from tenants.models import User


def log_in(request: HttpRequest, user: User) -> None:
    """Log a new person in on the device they are sitting at."""
    perform_login(request, Login(user=user, email=user.email))
