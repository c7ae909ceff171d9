"""Settings. Differences between installations come from the environment (`.env.example`)."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from config.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
Environment.read_env(env.str("PATRON_ENV_FILE", default=str(BASE_DIR / ".env")))

# --- What this process is -------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="build-only-not-for-serving")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
PUBLIC_URL = env.address(
    "PATRON_PUBLIC_URL", default="http://127.0.0.1:8000", schemes=("https", "http")
).rstrip("/")
IS_HTTPS = PUBLIC_URL.startswith("https://")
BEHIND_PROXY = env.bool("PATRON_BEHIND_PROXY", default=False)
EMBEDDED = env.bool("PATRON_EMBEDDED", default=False)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=["*"] if EMBEDDED else [str(urlsplit(PUBLIC_URL).hostname), "127.0.0.1", "localhost"],
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
DATA_DIR = Path(env.str("PATRON_DATA_DIR", default=str(BASE_DIR / ".data")))
MAILBOX_DIR = Path(env.str("PATRON_MAILBOX_DIR", default=str(DATA_DIR / "mailbox")))
# Secrets inside the JSON of packages, by table and column (kernel/rotation.py).
ENCRYPTED_JSON = {"mfa_authenticator": "data"}
MEDIA_ROOT = Path(env.str("PATRON_MEDIA_DIR", default=str(DATA_DIR / "media")))
ENCRYPTION_KEYS: list[str] = env.list("PATRON_ENCRYPTION_KEYS", default=[])
SIGNUP_OPEN = env.bool("PATRON_SIGNUP_OPEN", default=EMBEDDED)

INSTALLED_APPS = [
    "kernel",
    "tenants",
    "crm",
    "stores",
    "imports",
    "messaging",
    "segments",
    "loyalty",
    "flows",
    "analytics",
    "config.apps.ConfigConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_vite",
    "drf_spectacular",
    "rest_framework",
]

MIDDLEWARE = [
    "config.middleware.RequestLogMiddleware",
    "messaging.middleware.LinkHostMiddleware",
    "config.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.middleware.LastSeenMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.TenantMiddleware",
    "tenants.middleware.ApiKeyMiddleware",
    "config.api.middleware.ApiMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["kernel.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.navigation",
            ],
        },
    }
]

# --- Database: one server, three roles (kernel/postgres) ------------------------------------
DATABASE_URL = env.address(
    "DATABASE_URL",
    default="postgres://patron_owner@127.0.0.1:5432/patron",
    schemes=("postgres", "postgresql"),
)
DATABASE_POOLED = env.bool("PATRON_DATABASE_POOLED", default=False)
SUPERUSER_URL = env.str("PATRON_SUPERUSER_URL", default="")
_database = Environment.db_url_config(DATABASE_URL)


def _connect_as(role: str) -> dict[str, Any]:
    options: dict[str, Any] = dict(_database.get("OPTIONS", {}))
    if role:
        options["options"] = f"-c role={role}"
    return {
        **_database,
        "ENGINE": "kernel.postgres",
        "ATOMIC_REQUESTS": role == "patron_app",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"SERIALIZE": False},
    }


DATABASES = {
    "default": _connect_as("patron_app"),
    "sys": _connect_as("patron_sys"),
    "owner": _connect_as(""),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REFERENCE_TABLES = {
    "tenants_member": "who may enter a tenant is asked before its scope opens",
    "tenants_formermember": "likewise, to say why somebody may not enter any more",
    "tenants_invitation": "an invitation's token is looked up before the tenant is known",
    "tenants_apikey": "a key is looked up before the tenant is known",
    "tenants_accesstoken": "a webhook's token is looked up before the tenant is known",
}

# --- Work -------------------------------------------------------------------------------------
REDIS_URL = env.address(
    "REDIS_URL", default="redis://127.0.0.1:6379/0", schemes=("redis", "rediss")
)
EVENT_HANDLERS = "config.event_handlers.EVENT_HANDLERS"
EVENT_HANDLERS_IDLE = "config.event_handlers.IDLE_IN_HISTORY"
EVENT_HANDLERS_IMPLIED = "config.event_handlers.IMPLIED"
EVENT_HANDLERS_TOGETHER = "config.event_handlers.TOGETHER"
WORK_KINDS = "config.work.WORK"
JOB_KINDS = "config.jobs.JOBS"
SUSPENDED_TENANTS = "tenants.queries.find_suspended"
STORE_PLATFORMS = "crm.choices.STOREFRONTS"
PROVISION_TENANT = "config.provisioning.provision_tenant"
AFTER_MIGRATE = "config.provisioning.bring_up_to_date"
TENANT_CHANGES = "config.tenant_changes.TENANT_CHANGES"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "sync"

# --- People -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env.str(
    "PATRON_EMAIL_VERIFICATION", default="optional" if EMBEDDED else "mandatory"
)
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_MAX_LENGTH = 254
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/5m/ip,5/5m/key",
    "signup": "20/h/ip",
    "reset_password": "10/15m/ip,3/15m/key",
    "reset_password_from_key": "20/15m/ip",
    "reauthenticate": "10/5m/user",
    "change_password": "5/5m/user",
    "manage_email": "10/15m/user",
    "confirm_email": "1/3m/key",
    "invite": "60/h/key,30/h/user",
    "accept_invitation": "20/15m/ip",
    "create_shop": "10/h/user",
    "verify_sender": "30/h/key,20/h/user",
    "writing_help": "300/h/key,20/5m/user",
}
ACCOUNT_FORMS = {
    "login": "tenants.forms.accounts.LoginForm",
    "signup": "tenants.forms.accounts.SignupForm",
    "add_email": "tenants.forms.accounts.ChangeEmailForm",
    "change_password": "tenants.forms.accounts.ChangePasswordForm",
    "reset_password": "tenants.forms.accounts.ResetPasswordForm",
    "reset_password_from_key": "tenants.forms.accounts.NewPasswordForm",
    "set_password": "tenants.forms.accounts.SetPasswordForm",
    "reauthenticate": "tenants.forms.accounts.ReauthenticateForm",
}
ACCOUNT_ADAPTER = "tenants.services.accounts.AccountAdapter"
USERSESSIONS_ADAPTER = "tenants.services.accounts.SessionsAdapter"
MFA_ADAPTER = "tenants.services.accounts.MfaAdapter"
MFA_FORMS = {
    "activate_totp": "tenants.forms.two_step.ActivateForm",
    "authenticate": "tenants.forms.two_step.CodeForm",
    "reauthenticate": "tenants.forms.two_step.ReauthenticateForm",
    "add_webauthn": "tenants.forms.two_step.AddPasskeyForm",
    "edit_webauthn": "tenants.forms.two_step.RenamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0
# With the prefix a browser takes the cookie over https alone, and from no neighbouring host.
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "kernel.sessions"

# --- Language, time, files --------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
# The image collects and compresses; elsewhere each file is found where it was built.
_collected = env.str("PATRON_STATIC_DIR", default="")
STATIC_ROOT = Path(_collected) if _collected else BASE_DIR / "static" / "collected"
STATICFILES_DIRS = [path for path in [BASE_DIR / "static" / "dist"] if path.is_dir()]
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "pictures": {"BACKEND": "kernel.storage.MediaFolder"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Pictures of messages lie in the media folder, or in a bucket that speaks the protocol of S3.
if S3_BUCKET := env.str("PATRON_S3_BUCKET", default=""):
    STORAGES["pictures"] = {
        "BACKEND": "kernel.buckets.Bucket",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("PATRON_S3_URL", default="") or None,
            "region_name": env.str("PATRON_S3_REGION", default="") or None,
            "access_key": env.str("PATRON_S3_ACCESS_KEY", default="") or None,
            "secret_key": env.str("PATRON_S3_SECRET_KEY", default="") or None,
        },
    }
WHITENOISE_USE_FINDERS = not _collected
WHITENOISE_AUTOREFRESH = DEBUG
# Vite puts a hash of the content into the names below assets/; only those never change.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+-[\w-]{8}\.\w+$"
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "manifest_path": BASE_DIR / "static" / "dist" / ".vite" / "manifest.json",
    }
}
CACHES = {
    "default": {
        "BACKEND": "kernel.cache.SturdyRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
# Files on their way in wait beside those that are kept: /tmp of a container is memory.
FILE_UPLOAD_TEMP_DIR = str(MEDIA_ROOT) if MEDIA_ROOT.is_dir() else None

# --- Mail -------------------------------------------------------------------------------------
EMAIL_URL = env.address(
    "EMAIL_URL", default="smtp://127.0.0.1:1025", schemes=("smtp", "smtps", "smtp+tls", "smtp+ssl")
)
_email = Environment.email_url_config(EMAIL_URL)
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DNS_RESOLVERS: list[str] = env.list("PATRON_DNS_RESOLVERS", default=[])
OUTGOING_PRIVATE = env.bool("PATRON_OUTGOING_PRIVATE", default=EMBEDDED)
KLAVIYO_URL = env.str("PATRON_KLAVIYO_URL", default="https://a.klaviyo.com").strip()
DNS_SECONDS = env.count("PATRON_DNS_SECONDS", default=5)
SPF_INCLUDE = env.str("PATRON_SPF_INCLUDE", default="").strip()
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Patron <no-reply@patron.localhost>")

# --- API --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["config.api.throttling.KeyThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api.errors.problem_response",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
API_RATE_PER_MINUTE = env.count("PATRON_API_RATE_PER_MINUTE", default=3000)
TRACKING_RATE_PER_SECOND = env.count("PATRON_TRACKING_RATE_PER_SECOND", default=1000)
TRACKING_KEPT_DAYS = env.count("PATRON_TRACKING_KEPT_DAYS", default=30)
SPECTACULAR_SETTINGS = {
    "TITLE": "Patron API",
    "DESCRIPTION": "Profiles, orders, segments, flows and figures of one tenant.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.schema.describe_all",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ChannelEnum": "crm.choices.Channel",
        "ConsentStateEnum": "crm.choices.ConsentState",
        "SaidStateEnum": "messaging.api.consents.STATES",
        "SuppressionReasonEnum": "crm.choices.SuppressionReason",
        "SaidReasonEnum": "crm.api.suppressions.REASONS",
        "SuppressionScopeEnum": "crm.choices.SuppressionScope",
        "OrderChannelEnum": "crm.choices.OrderChannel",
        "PaymentMethodEnum": "crm.choices.PaymentMethod",
        "ShipmentStateEnum": "crm.choices.ShipmentState",
        "ReturnStatusEnum": "crm.choices.ReturnStatus",
        "ReviewStatusEnum": "crm.choices.ReviewStatus",
        "TicketStatusEnum": "crm.choices.TicketStatus",
        "RateLimitKindEnum": "messaging.choices.LimitKind",
        "FlowStatusEnum": "flows.choices.FlowStatus",
        "RunStatusEnum": "flows.choices.RunStatus",
        "CouponKindEnum": "stores.domain.codes.KINDS",
        "CouponOfferKindEnum": "messaging.choices.CouponKind",
        "CouponScopeEnum": "messaging.choices.CouponScope",
        "SegmentKindEnum": "segments.choices.SegmentKind",
    },
}

# --- Security ---------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.count("SECURE_HSTS_SECONDS", default=31_536_000 if IS_HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=IS_HTTPS)
SECURE_SSL_REDIRECT = IS_HTTPS and BEHIND_PROXY
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Preloading binds the whole domain for years; that is for its owner to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Logs: one JSON line each, with tenant and request or task --------------------------------
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*_shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _shared_processors,
        }
    },
    "filters": {"without_outages": {"()": "config.outages.WithoutOutages"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"filters": ["without_outages"]},
        "django.server": {"level": "WARNING"},
        "amqp": {"level": "WARNING"},
    },
}
