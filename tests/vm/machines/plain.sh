# No NVMe device at all.
cpu=Skylake-Server
