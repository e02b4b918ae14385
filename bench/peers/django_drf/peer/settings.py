"""Settings of the peer: what a JSON-only project needs, with persistent connections."""

import os
from pathlib import Path
from urllib.parse import urlsplit

_url = urlsplit(os.environ["THADS_DATABASE_URL"])

SECRET_KEY = "only-for-measuring"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "peer.urls"
INSTALLED_APPS = ["django.contrib.postgres", "rest_framework", "peer"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _url.hostname,
        "PORT": _url.port,
        "USER": _url.username,
        "PASSWORD": _url.password,
        "NAME": _url.path.lstrip("/"),
        "CONN_MAX_AGE": None,
    }
}
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["peer.access.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["peer.access.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "peer.pagination.KeysetPagination",
    "UNAUTHENTICATED_USER": None,
}

PEER_PUBLIC_KEY = Path(os.environ["PEER_PUBLIC_KEY"])
PEER_ISSUER = os.environ["PEER_ISSUER"]
PEER_AUDIENCE = os.environ["PEER_AUDIENCE"]
