# ata-agent: everything a clone needs is Go and make. Tools are pinned here and
# run by `go run`.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   = -s -w -buildid= -X main.version=$(VERSION)
BUILD     = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'
LINT      = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
NFPM      = github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4
GOFUMPT   = mvdan.cc/gofumpt@v0.12.0
BENCHSTAT = golang.org/x/perf/cmd/benchstat@v0.0.0-20251023143056-3684bd442cc8
FUZZTIME ?= 1m

.PHONY: all build demo test lint fmt fuzz bench cross deb test-cross test-dockerfile test-deb test-overlays test-arm test-interop test-boards test-judges bench-judges test-machine test-provision test-provision-servers test-telemetry test-full clean

all: build test

build:
	$(BUILD) -o bin/ata-agent ./cmd/ata-agent

demo: build
	./bin/ata-agent demo

# Everything that has goroutines under the race detector. The signal processing has
# none, and its figures take ten times as long there; the agent's calls run on one
# kind of board each under the detector, and on every kind without it.
test:
	$(GO) test -race $$($(GO) list ./... | grep -v /dsp/)
	$(GO) test ./dsp/... ./media ./agent

# The figures of the acceptance bars at full size; minutes, not seconds.
test-full:
	ATA_FULL=1 $(GO) test -timeout 60m ./...

# Calls through Kamailio to baresip and SIPp, which the test starts itself.
test-interop:
	./test/need kamailio tls:kamailio-tls-modules baresip:baresip-core sipp:sip-tester wav:asterisk-core-sounds-en-wav || [ "$$CI" != true ]
	$(GO) test -tags interop -count=1 -timeout 30m ./test/interop/...

# The same calls alone, on each of the virtual boards.
test-boards:
	./test/need kamailio baresip:baresip-core sipp:sip-tester wav:asterisk-core-sounds-en-wav || [ "$$CI" != true ]
	ATA_BOARDS="virtual virtual-gpio virtual-handset" $(GO) test -tags interop -count=1 -timeout 10m -run TestCalls ./test/interop

# What a device remembers: killed 2,000 times, and its key in a TPM.
test-provision: test-provision-servers
	./test/need swtpm || [ "$$CI" != true ]
	ATA_FULL=1 $(GO) test -count=1 ./state/... ./config/...

# Files of PBXs become telephones at Kamailio, and nginx serves each device its own
# configuration.
test-provision-servers:
	./test/need kamailio kamcmd:kamailio nginx:nginx-light apache2:apache2-bin in.tftpd:tftpd-hpa sipp:sip-tester minisign openssl dnsmasq:dnsmasq-base ip:iproute2 mkfs.ext4:e2fsprogs mosquitto mosquitto_pub:mosquitto-clients || [ "$$CI" != true ]
	$(GO) test -tags provision -count=1 -timeout 90m -parallel 4 $(SHORT) ./provision/discover ./provision/push ./test/provision

# spandsp, minimodem and multimon-ng judge what we send and hear.
test-judges:
	./test/need gcc espeak-ng minimodem multimon-ng spandsp:libspandsp-dev speexdsp:libspeexdsp-dev
	$(GO) test -tags judges -count=1 -timeout 30m ./dsp/... ./media ./test/judges/...

# What our signal processing costs beside that of libspandsp and libspeexdsp:
# thread CPU time, medians of nine runs in turn. The figures are in
# docs/voice.md.
bench-judges:
	./test/need gcc espeak-ng spandsp:libspandsp-dev speexdsp:libspeexdsp-dev
	$(GO) test -tags judges -count=1 -timeout 30m -run 'CPU|Cost' -v ./dsp/echo ./media ./test/judges

# Prometheus, Mosquitto, rsyslog, Kamailio and tshark get telemetry and judge it,
# and dbusmock is a modem.
test-telemetry:
	./test/need prometheus promtool:prometheus mosquitto mosquitto_sub:mosquitto-clients rsyslogd:rsyslog-gnutls kamailio tshark dbus-daemon:dbus dbusmock:python3-dbusmock || [ "$$CI" != true ]
	$(GO) test -count=1 ./telemetry/... ./privacy/...
	$(GO) test -tags telemetry -count=1 -timeout 20m ./test/telemetry

# The code that talks to the kernel, on Debian's ARM kernels under QEMU in
# virtual time, and the agent's binary on them. The first run fetches 100 MB of
# kernel packages. ATA_FULL=1 runs the long form, ATA_MACHINE_RUN=PATTERN some of
# the guest's tests. test/machine/doc.go says how to record what the media path
# costs. There is no time-out here: each machine has its own.
test-machine:
	./test/need qemu-system-aarch64:qemu-system-arm qemu-system-arm aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf make bc xz:xz-utils
	$(GO) test -tags machine -count=1 -timeout 0 -v ./test/machine

lint:
	$(GO) run $(LINT) run

fmt:
	$(GO) run $(GOFUMPT) -w .

# Each fuzz target for FUZZTIME.
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

# What docs/performance.md shows: benchmarks of the media path and of telemetry,
# and a call of a minute beside baresip's. Run it on an idle machine.
bench:
	./test/need kamailio baresip:baresip-core tshark mosquitto
	$(GO) test -run '^$$' -bench . -benchmem ./dsp/... ./media/... ./line/... ./dialplan/... ./quality/... ./sip/... ./telemetry/...
	$(GO) test -tags telemetry -count=1 -run TestResidentMemory -v ./test/telemetry
	ATA_BENCH=1 $(GO) test -tags interop -count=1 -run TestPerformance -v ./test/interop

# Static, stripped binaries. Their bytes depend on the sources, the Go release
# and VERSION alone, not on the folder or the time.
DIST ?= dist
CROSS = armv6 armv7 arm64

cross: $(CROSS:%=cross-%)
	ls -l $(DIST)

cross-arm64: export GOARCH = arm64
cross-armv6 cross-armv7: export GOARCH = arm
cross-armv6: export GOARM = 6
cross-armv7: export GOARM = 7
$(CROSS:%=cross-%): cross-%:
	GOOS=linux $(BUILD) -o $(DIST)/ata-agent-linux-$* ./cmd/ata-agent

# Builds again in another folder with an empty cache and compares every byte.
test-cross:
	./test/reproducible "$(VERSION)" $(CROSS)

# Builds Dockerfile.cross without Docker and compares every byte with `make cross
# deb`. Needs root.
test-dockerfile:
	./test/need buildah debootstrap || [ "$$CI" != true ]
	./test/dockerfile "$(VERSION)"

# Debian packages: armhf (ARM v7) and arm64. The tools run here, so they must
# not see the target's GOARCH.
DEBS        = armhf arm64
DEB_VERSION = $(if $(filter v%,$(VERSION)),$(VERSION:v%=%),0.0.0~git.$(VERSION))
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

deb: $(DEBS:%=deb-%)
	ls -l $(DIST)/*.deb

deb-armhf: cross-armv7
deb-arm64: cross-arm64
deb-armhf: BINARY = $(DIST)/ata-agent-linux-armv7
deb-arm64: BINARY = $(DIST)/ata-agent-linux-arm64
# For trying the package on a computer; no board has this processor.
deb-amd64: BINARY = $(DIST)/ata-agent-linux-amd64
deb-amd64: cross-amd64
cross-amd64:
	GOOS=linux GOARCH=amd64 $(BUILD) -o $(DIST)/ata-agent-linux-amd64 ./cmd/ata-agent

deb-%:
	env SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' DEB_ARCH='$*' DEB_VERSION='$(DEB_VERSION)' BINARY='$(BINARY)' \
	  $(GO) run $(NFPM) package --config packaging/nfpm.yaml --packager deb --target '$(DIST)/'

# Looks into a package, installs it into a folder of its own, purges it, and has
# systemd judge the unit; then the same in a Debian of its own, where its scripts
# run as they do on a device and the program serves telephones.
test-deb: deb-amd64
	./test/need dpkg:dpkg systemd-analyze:systemd debootstrap
	./test/package $(DIST)/ata-agent_*_amd64.deb
	./test/package-debian $(DIST)/ata-agent_*_amd64.deb

# Compiles the device-tree overlays of the boards.
test-overlays:
	./test/need dtc:device-tree-compiler
	for f in docs/boards/overlays/*.dts; do dtc -@ -I dts -O dtb -o /dev/null "$$f" || exit 1; done

# The unit tests as ARM programs under user-mode emulation.
test-arm:
	./test/need qemu-arm-static:qemu-user-static
	CGO_ENABLED=0 GOOS=linux GOARCH=arm GOARM=7 $(GO) test -timeout 60m -exec qemu-arm-static ./...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) test -timeout 60m -exec qemu-aarch64-static ./...

clean:
	rm -rf bin dist
