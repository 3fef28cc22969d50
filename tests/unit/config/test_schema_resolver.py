from dataclasses import asdict, fields

from dnsd.config.loader import load
from dnsd.config.schema_resolver import ResolverLimits
from dnsd.config.written_resolver_limits import WrittenResolverLimits
from dnsd.resolver import options
from dnsd.run.wiring_resolver import resolver_options


def test_the_limits_are_those_of_the_resolver():
    of_file = [field.name for field in fields(ResolverLimits)]
    assert of_file == [field.name for field in fields(options.ResolverLimits)]
    assert [name.removesuffix("_s") for name in of_file] == list(WrittenResolverLimits.model_fields)


def test_the_defaults_are_those_of_the_resolver(tmp_path, machine):
    limits = load(None, directory=tmp_path, machine=machine).resolver.limits
    assert options.ResolverLimits(**asdict(limits)) == options.ResolverLimits()


def test_the_options_are_those_of_the_resolver(tmp_path, machine):
    config = load(None, directory=tmp_path, machine=machine)
    assert resolver_options(config) == options.ResolverOptions()
