# machine: epyc
# about: peerpress topology finds the nearest provider that has enough left, and says so
mounted A /mnt/a
mounted B /mnt/b
mounted D /mnt/d
mounted G /mnt/g
verdict() { # WHAT WANTED_PATH WANTED_PROVIDER ARGUMENTS...
    what=$1 path=$2 provider=$3
    shift 3
    peerpress topology --json "$@" >out || true
    expect_eq "the verdict $what" "$(json path out) $(json provider out)" "$path $provider"
}
verdict "across the root complex" p2p "$(address C)" --needed 16M /mnt/a/data.bin /mnt/b/new
verdict "below the switch" p2p "$(address F)" --needed 16M /mnt/d/data.bin /mnt/g/new
verdict "below the switch through C" p2p "$(address C)" --provider C /mnt/d/data.bin /mnt/g/new
verdict "with more than S has" host "$(address S)" --needed 16M --provider S /mnt/a/data.bin /mnt/b/new
expect_eq "the reason" "$(json reason out)" PROVIDER_EXHAUSTED
verdict "between raw disks" p2p "$(address C)" --provider C "$(disk R)" "$(disk T)"
verdict "of a target in tmpfs" host "$(address C)" --provider C /mnt/a/data.bin /tmp/new
expect_contains "the reasons" "$(cat out)" '"reason":"FILE_SYSTEM"'
