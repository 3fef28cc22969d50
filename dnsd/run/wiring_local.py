"""Building what answers without asking, and what keeps its files; see ``wiring``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.control.blocklists import BlockLists
from dnsd.control.blocklists_options import BlockListsOptions, ListPlan
from dnsd.observe import metrics
from dnsd.query.acl import Networks
from dnsd.query.policy import HereAnswers, Policy
from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.local_names import LocalNames
from dnsd.resolver.local.special import SpecialNames
from dnsd.run.local_tables import LocalTables, LocalTablesOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.config.schema import Config
    from dnsd.control.surroundings import Surroundings


def policies(config: Config) -> tuple[Policy, ...]:
    """Return what is different for some clients."""
    return tuple(
        Policy(
            Networks.from_text(each.clients),
            each.block,
            frozenset(each.suppress),
            tuple(forward.zone for forward in each.forward),
        )
        for each in config.resolver.policies
    )


def here_answers(config: Config, around: Surroundings) -> HereAnswers:
    """Build what answers without asking, with the names of the configuration alone."""
    resolver = config.resolver
    special = SpecialNames(
        builtin=resolver.local_zones,
        more=resolver.empty_zones,
        forwarded=(each.zone for each in resolver.forward),
    )
    names = LocalNames(special, domain=resolver.local.domain, ttl=resolver.local.ttl)
    names.add(Source.NAMES, resolver.local.names)
    slots = [metrics.LOCAL_ANSWERS.slot(source.name.lower()) for source in Source]
    row = around.row

    def count(source: Source) -> None:
        row[slots[source]] += 1

    lists = [each.name for each in resolver.block]
    return HereAnswers(names, policies(config), lists, count)


def local_tables(
    config: Config, here: HereAnswers, around: Surroundings, changed: Callable[[], None]
) -> LocalTables:
    """Build what follows the files of local names and the compiled block lists.

    Args:
        config: of the program.
        here: answers from the tables.
        around: reactor, clock, log, counters of the process.
        changed: makes cached answers out of date.
    """
    local, limits = config.resolver.local, config.limits
    options = LocalTablesOptions(
        names=local.names,
        hosts=local.hosts,
        leases=local.leases,
        domain=local.domain,
        ttl=local.ttl,
        block_lists=config.block_lists,
        actions={each.name: each.action for each in config.resolver.block},
        file_octets=limits.local_file_octets,
        file_names=limits.local_names,
    )
    return LocalTables(options, here, around, changed)


def block_lists(config: Config, around: Surroundings) -> BlockLists:
    """Build what fetches and compiles block lists, one in a daemon."""
    limits = config.limits
    plans = tuple(
        ListPlan(each.name, each.file, each.url, each.format, each.refresh_s)
        for each in config.resolver.block
    )
    options = BlockListsOptions(
        directory=config.block_lists,
        lists=plans if config.resolver.enabled else (),
        list_octets=limits.block_list_octets,
        list_names=limits.block_list_names,
        time_s=limits.block_list_time_s,
        store_octets=limits.block_store_octets,
        memory_octets=limits.compile_memory_octets,
    )
    return BlockLists(options, around)
