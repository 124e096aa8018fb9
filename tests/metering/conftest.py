from tests.support.service_databases import database, process, url

__all__ = ["database", "process", "url"]
