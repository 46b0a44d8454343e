"""The files that make a Debian machine a kiosk: filled in, and written to where they belong."""

from dataclasses import dataclass
from pathlib import Path

from realtime.errors import SettingsError

FILES = Path(__file__).parent / "kiosk_files"
SYSTEMD, POLICIES, SCRIPTS = "etc/systemd/system", "etc/chromium/policies/managed", "usr/local/sbin"
_FOLDERS = {".service": SYSTEMD, ".timer": SYSTEMD, ".json": POLICIES, "": SCRIPTS}


@dataclass(frozen=True, slots=True)
class Site:
    """`home`: of the clone; the server runs as one user, the browser as another."""

    home: Path = Path("/opt/atom/src")
    settings: Path = Path("/etc/atom/kiosk.env")
    server_user: str = "atom"
    page_user: str = "kiosk"
    port: int = 8000
    update_at: str = "04:00"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def filled(text: str, site: Site) -> str:
    for name, value in {
        "@HOME@": site.home,
        "@SETTINGS@": site.settings,
        "@SERVER_USER@": site.server_user,
        "@PAGE_USER@": site.page_user,
        "@PORT@": site.port,
        "@URL@": site.url,
        "@UPDATE_AT@": site.update_at,
    }.items():
        text = text.replace(name, str(value))
    return text


def write_units(root: Path, site: Site) -> list[Path]:
    """Under `root`, in the folders of a Debian machine. Raises SettingsError where that is not allowed."""
    written: list[Path] = []
    for source in sorted(FILES.iterdir()):
        target = root / _FOLDERS[source.suffix] / source.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(filled(source.read_text(), site))
            target.chmod(0o644 if source.suffix else 0o755)
        except OSError as error:
            raise SettingsError(
                f"cannot write {target}: {error.strerror} (sudo, or another folder)"
            ) from error
        written.append(target)
    return written
