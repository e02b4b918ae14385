"""Typed settings from the environment; the service refuses to start on unsafe values."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MAX_TOKEN_SECONDS = 3_600  # in production: what a stolen token is good for
DEVELOPMENT_SECRET = "development-only-secret-development-only"  # noqa: S105 — refused in production


class TrustedIssuer(BaseModel):
    """An outside issuer whose access tokens are accepted, and where it publishes its keys (a JWK set)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1, description="`iss` of its tokens")
    jwks_url: str = Field(pattern=r"^https?://[^\s]+$", description="address of its JWK set")
    audience: str | None = Field(default=None, description="`aud` of its tokens for us; by default our own audience")
    unit_claim: str = Field(default="unit", description="claim with the code of a person's unit")
    role_claim: str = Field(default="role", description="claim with a person's role")


class Settings(BaseSettings):
    """Everything an operator may set, each as `THADS_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="THADS_", frozen=True)

    environment: Literal["development", "production"] = "development"
    database_url: SecretStr = SecretStr("postgresql://thads@127.0.0.1:5432/thads")
    owner_url: SecretStr | None = Field(
        default=None, description="the same database as the role that owns its tables; for operator commands"
    )
    pool_size: int = Field(default=4, ge=1, le=100, description="connections per worker for reads")
    write_pool_size: int = Field(default=4, ge=1, le=100, description="connections per worker for changes")
    pool_wait_seconds: float = Field(default=2.0, gt=0, le=30, description="wait for a connection or a turn before 503")
    workers: int = Field(default=1, ge=1, le=64, description="that share the quotas; `serve` and `start` set it")
    client_rate: float = Field(default=200, ge=1, description="requests a second of one client, of all workers")
    client_burst: int = Field(default=1_000, ge=1, description="requests it may make at once")
    address_rate: float = Field(default=50, ge=1, description="requests a second without token from one address")
    address_burst: int = Field(default=500, ge=1, description="requests without token it may make at once")
    party_searches_per_minute: int = Field(
        default=30, ge=1, le=10_000, description="searches by identity number of one client, of all workers"
    )
    max_at_work: int = Field(default=64, ge=1, le=10_000, description="requests at work at once, per worker")
    max_waiting: int = Field(default=192, ge=0, le=10_000, description="requests waiting for their turn, per worker")
    max_polling: int = Field(default=2_000, ge=0, le=100_000, description="requests waiting for changes, per worker")
    changes_days: int = Field(default=40, ge=31, le=3_650, description="how long the change feed keeps a change")
    snapshots_at_once: int = Field(default=2, ge=1, le=100, description="snapshots and checks at once, per worker")
    snapshot_seconds: int = Field(default=3_600, ge=1, le=86_400, description="how long one may take")
    exports_at_once: int = Field(default=4, ge=1, le=100, description="lists exported at once, per worker")
    export_seconds: int = Field(default=3_600, ge=1, le=86_400, description="how long one may take")
    xlsx_seconds: int = Field(
        default=25, ge=1, le=86_400, description="how long a workbook may take to write; nothing is sent before"
    )
    statement_timeout_ms: int = Field(default=15_000, ge=100, le=600_000)
    lock_timeout_ms: int = Field(default=3_000, ge=50, le=60_000)
    issuer: str = "https://thads.example.gov.vn"
    audience: str = "https://api.thads.example.gov.vn"
    signing_key: Path | None = Field(default=None, description="PEM file of the Ed25519 key that signs access tokens")
    previous_keys: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="JSON list of PEM files of keys that signed before and still verify"
    )
    trusted_issuers: Annotated[tuple[TrustedIssuer, ...], NoDecode] = Field(
        default=(), description="JSON list of outside issuers of access tokens"
    )
    issuer_refresh_seconds: float = Field(default=300, ge=0.1, le=86_400, description="between fetches of their keys")
    token_seconds: int = Field(default=900, ge=60, le=86_400)
    cursor_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    cursor_epoch: int = Field(default=1, ge=1, description="raise it to let every cursor given out so far expire")
    webhook_secret: SecretStr | None = Field(
        default=None, description="keys of webhooks are derived from it; the cursor secret when absent"
    )
    webhooks_allow_private: bool = Field(
        default=False, description="webhooks over http and to private addresses; not in production"
    )
    webhook_timeout_seconds: float = Field(default=15, ge=0.1, le=30, description="for one attempt as a whole")
    webhook_retry_seconds: float = Field(default=5, gt=0, le=60, description="before the second attempt; see the guide")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    forwarded_allow_ips: str = Field(
        default="", validation_alias="FORWARDED_ALLOW_IPS", description="read by uvicorn itself; only checked here"
    )

    @field_validator("previous_keys", "trusted_issuers", mode="before")
    @classmethod
    def _is_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value or "[]")
        except ValueError:
            raise ValueError("must be a JSON list") from None

    @field_validator("database_url", "owner_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        scheme = value.get_secret_value().split("://", 1)[0]
        if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise ValueError("must be a postgresql:// URL")
        return value

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment == "production":
            if self.cursor_secret.get_secret_value() == DEVELOPMENT_SECRET:
                raise ValueError("THADS_CURSOR_SECRET must be set in production")
            if self.signing_key is None:
                raise ValueError("THADS_SIGNING_KEY must be set in production")
            if self.token_seconds > MAX_TOKEN_SECONDS:
                raise ValueError(f"THADS_TOKEN_SECONDS must be at most {MAX_TOKEN_SECONDS} in production")
            if not self.issuer.startswith("https://"):
                raise ValueError("THADS_ISSUER must be an https:// address in production")
            if self.webhooks_allow_private:
                raise ValueError("THADS_WEBHOOKS_ALLOW_PRIVATE must not be set in production")
            if self.log_level == "debug":
                raise ValueError("THADS_LOG_LEVEL must not be debug in production")
            if "*" in self.forwarded_allow_ips:
                raise ValueError("FORWARDED_ALLOW_IPS must name the proxy in production: with * everybody is believed")
        if len(self.cursor_secret.get_secret_value()) < 32:
            raise ValueError("THADS_CURSOR_SECRET must have at least 32 characters")
        if self.webhook_secret is not None and len(self.webhook_secret.get_secret_value()) < 32:
            raise ValueError("THADS_WEBHOOK_SECRET must have at least 32 characters")
        return self

    @model_validator(mode="after")
    def _trustworthy(self) -> Self:
        names = [self.issuer, *(trusted.issuer for trusted in self.trusted_issuers)]
        if len(set(names)) != len(names):
            raise ValueError("THADS_TRUSTED_ISSUERS must name each issuer once, and not this service")
        insecure = [trusted for trusted in self.trusted_issuers if not trusted.jwks_url.startswith("https://")]
        if insecure and self.environment != "development":
            raise ValueError("THADS_TRUSTED_ISSUERS must have https:// addresses outside development")
        return self

    def of_owner(self) -> Self:
        """The same for the owner of the tables, whom row-level security does not bind."""
        return self if self.owner_url is None else self.model_copy(update={"database_url": self.owner_url})

    @property
    def libpq_url(self) -> str:
        """The URL as libpq reads it."""
        return self.database_url.get_secret_value().replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def sqlalchemy_url(self) -> str:
        """The URL as SQLAlchemy reads it."""
        return "postgresql+psycopg://" + self.libpq_url.split("://", 1)[1]
