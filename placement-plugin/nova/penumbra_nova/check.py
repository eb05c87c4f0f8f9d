"""What nova-scheduler would do with its configuration: ``python3 -m penumbra_nova.check NOVA.CONF``.

Prints one JSON object. Nova itself reads the file and loads the classes, so that what is said
here holds for whichever release is installed.
"""

import json
import sys


def look(files):
    """Reads configuration files as nova-scheduler reads them."""
    import nova.conf
    from nova import config
    from nova import version
    from nova.scheduler import filters
    from nova.scheduler import weights

    arguments = ["nova-scheduler"]
    for file in files:
        arguments += ["--config-file", file]
    config.parse_args(arguments, init_rpc=False, configure_db=False)
    settings = nova.conf.CONF
    scheduler = settings.filter_scheduler
    seen = {
        "nova": version.version_string(),
        "available_filters": list(scheduler.available_filters),
        "enabled_filters": list(scheduler.enabled_filters),
        "weight_classes": list(scheduler.weight_classes),
        "notification_format": settings.notifications.notification_format,
        "problems": [],
    }
    try:
        found = {cls.__name__ for cls in
                 filters.HostFilterHandler().get_matching_classes(scheduler.available_filters)}
        seen["problems"] += ["filter %s is enabled but not available" % name
                             for name in scheduler.enabled_filters if name not in found]
        loaded = weights.HostWeightHandler().get_matching_classes(scheduler.weight_classes)
        seen["weighers"] = sorted(cls.__name__ for cls in loaded)
    except Exception as e:  # whatever it is, nova-scheduler would not start
        seen["problems"].append("%s: %s" % (type(e).__name__, e))
    return seen


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1:])))
