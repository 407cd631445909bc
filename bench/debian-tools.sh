#!/bin/sh
# Puts crane and skopeo of Debian's unstable distribution into a folder, without changing the machine's packages:
#
#   bench/debian-tools.sh /opt/bench-tools
#   PATH="/opt/bench-tools/bin:$PATH" npm run bench -- copy
#
# It uses the mirror and the keys of the machine's own apt configuration. Debian has no package of regsync.
set -eu

into=${1:?"usage: $0 FOLDER"}
mkdir -p "$into/apt/lists/partial" "$into/apt/archives/partial" "$into/apt/parts" "$into/packages"
into=$(cd "$into" && pwd)

mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
  sed -n 's/^Debian Debian \(.*\)$/\1/p' | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
if [ -z "$mirror" ]; then
  echo "apt knows no Debian mirror: run apt-get update first" >&2
  exit 1
fi
echo "deb [signed-by=$keys] $mirror sid main" > "$into/apt/sources.list"

# The machine's own proxies and settings of apt stay in force; only the sources and the folders for state are replaced.
apt() {
  command=$1
  shift
  "$command" -o Dir::Etc::SourceList="$into/apt/sources.list" -o Dir::Etc::SourceParts="$into/apt/parts" \
    -o Dir::State::Lists="$into/apt/lists" -o Dir::Cache="$into/apt" -o Dir::State::Status=/dev/null \
    -o APT::Sandbox::User=root "$@"
}
apt apt-get update
# skopeo is linked to libraries of its own distribution, its C library included.
packages=$(apt apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
  --no-enhances crane skopeo | grep -E '^(crane|skopeo|lib[a-z0-9.+-]*)$' | sort -u)
cd "$into/packages"
# shellcheck disable=SC2086 # one word per package
apt apt-get download $packages
for package in ./*.deb; do
  dpkg -x "$package" "$into"
done

mkdir -p "$into/bin"
libraries="$into/usr/lib/$(uname -m)-linux-gnu"
for tool in crane skopeo; do
  printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' \
    "$(find "$libraries" -name 'ld-linux*.so.*' | head -n 1)" "$libraries" "$into/usr/bin/$tool" > "$into/bin/$tool"
  chmod +x "$into/bin/$tool"
done
for package in ./crane_*.deb ./skopeo_*.deb; do
  tool=$(dpkg-deb -f "$package" Package)
  # crane of Debian can't print its version.
  dpkg-deb -f "$package" Version > "$into/bin/$tool.version"
  echo "$into/bin/$tool: $(cat "$into/bin/$tool.version")"
done
"$into/bin/crane" --help > /dev/null
"$into/bin/skopeo" --version > /dev/null
