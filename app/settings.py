"""Typed settings from the environment; the service refuses to start on unsafe values."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-development-only"  # noqa: S105 — refused in production


class Settings(BaseSettings):
    """Everything an operator may set, each as `THADS_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="THADS_", frozen=True)

    environment: Literal["development", "production"] = "development"
    database_url: SecretStr = SecretStr("postgresql://thads@127.0.0.1:5432/thads")
    pool_size: int = Field(default=8, ge=1, le=100, description="connections per worker for reads")
    write_pool_size: int = Field(default=4, ge=1, le=100, description="connections per worker for changes")
    pool_wait_seconds: float = Field(default=2.0, gt=0, le=30, description="wait for a connection before 503")
    statement_timeout_ms: int = Field(default=15_000, ge=100)
    lock_timeout_ms: int = Field(default=3_000, ge=50)
    issuer: str = "https://thads.example.gov.vn"
    audience: str = "https://api.thads.example.gov.vn"
    signing_key: Path | None = Field(default=None, description="PEM file of the Ed25519 key that signs access tokens")
    token_seconds: int = Field(default=900, ge=60, le=86_400)
    cursor_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    cursor_epoch: int = Field(default=1, ge=1, description="raise it to let every cursor given out so far expire")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
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
        if len(self.cursor_secret.get_secret_value()) < 32:
            raise ValueError("THADS_CURSOR_SECRET must have at least 32 characters")
        return self

    @property
    def libpq_url(self) -> str:
        """The URL as libpq reads it."""
        return self.database_url.get_secret_value().replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def sqlalchemy_url(self) -> str:
        """The URL as SQLAlchemy reads it."""
        return "postgresql+psycopg://" + self.libpq_url.split("://", 1)[1]
