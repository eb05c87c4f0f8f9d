"""A driver for Cinder that keeps every volume and every snapshot in a small file: see .ci/openstack_volumes.py."""

import pathlib
import shutil

from oslo_config import cfg

from cinder import interface
from cinder.volume import driver


@interface.volumedriver
class Files(driver.VolumeDriver):
    """Copies whole files; nobody ever reads one through a network."""

    VERSION = "1.0"

    def path(self, thing):
        return pathlib.Path(cfg.CONF.state_path) / "volumes" / thing.name

    def check_for_setup_error(self):
        pass

    def _update_volume_stats(self):
        self._stats = {"volume_backend_name": "files", "vendor_name": "Penumbra's tests", "driver_version": self.VERSION,
                       "storage_protocol": "file", "total_capacity_gb": "infinite", "free_capacity_gb": "infinite",
                       "reserved_percentage": 0, "QoS_support": False}

    def create_volume(self, volume):
        self.path(volume).write_text("")

    def delete_volume(self, volume):
        self.path(volume).unlink(missing_ok=True)

    def create_snapshot(self, snapshot):
        shutil.copyfile(self.path(snapshot.volume), self.path(snapshot))

    def delete_snapshot(self, snapshot):
        self.path(snapshot).unlink(missing_ok=True)

    def create_volume_from_snapshot(self, volume, snapshot):
        shutil.copyfile(self.path(snapshot), self.path(volume))

    def create_cloned_volume(self, volume, source):
        shutil.copyfile(self.path(source), self.path(volume))

    def extend_volume(self, volume, size):
        pass

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        return {"driver_volume_type": "fake", "data": {"target_discovered": False}}

    def terminate_connection(self, volume, connector, **kwargs):
        pass
