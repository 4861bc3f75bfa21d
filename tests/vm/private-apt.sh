# shellcheck shell=bash
# For fetch-*.sh: apt with the packages of trixie and trixie-backports beside the machine's own. The mirror is the one of
# the machine's apt configuration; state and downloads lie in a folder, and nothing is installed.

# private_apt NAME DIR: fetches the lists, and sets `apt` to the folder and `private` to the options for apt-get and apt-cache.
# Nothing counts as installed. NAME is who complains where there is no mirror.
private_apt() {
    local mirror suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 == "bookworm" && $3 == "main" { print $1; exit }')
    if [ -z "$mirror" ]; then
        echo "$1: this machine's apt configuration names no Debian bookworm mirror" >&2
        exit 1
    fi
    apt=$2/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    for suite in trixie trixie-backports; do
        echo "deb [signed-by=$keyring] $mirror $suite main"
    done >"$apt/sources.list"
    private=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::PreferencesParts=/dev/null -o Dir::Etc::Preferences=/dev/null -o "Dir::State=$apt"
        -o "Dir::State::Lists=$apt/lists" -o "Dir::State::Status=$apt/status" -o "Dir::Cache=$apt/cache"
        -o APT::Sandbox::User=root)
    apt-get "${private[@]}" update
}
