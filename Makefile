# ata-agent: everything a clone needs is Go and make. Tools are pinned here and
# run by `go run`.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   = -s -w -buildid= -X main.version=$(VERSION)
BUILD     = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'
LINT      = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT   = mvdan.cc/gofumpt@v0.12.0
BENCHSTAT = golang.org/x/perf/cmd/benchstat@v0.0.0-20251023143056-3684bd442cc8
FUZZTIME ?= 1m

.PHONY: all build demo test lint fmt fuzz bench cross test-arm test-interop test-judges test-machine test-full clean

all: build test

build:
	$(BUILD) -o bin/ata-agent ./cmd/ata-agent

demo: build
	./bin/ata-agent demo

test:
	$(GO) test -race ./...

# The figures of the acceptance bars at full size; minutes, not seconds.
test-full:
	ATA_FULL=1 $(GO) test -timeout 60m ./...

# Calls through Kamailio to baresip and SIPp, which the test starts itself.
test-interop:
	./test/need kamailio baresip:baresip-core sipp:sip-tester wav:asterisk-core-sounds-en-wav || [ "$$CI" != true ]
	$(GO) test -tags interop -count=1 -timeout 30m ./test/interop/...

# spandsp, minimodem and multimon-ng judge what we send and hear.
test-judges:
	./test/need gcc espeak-ng minimodem multimon-ng spandsp:libspandsp-dev
	$(GO) test -tags judges -count=1 -timeout 30m ./dsp/... ./test/judges/...

# The code that talks to the kernel, on Debian's ARM kernels under QEMU in
# virtual time. The first run fetches 100 MB of kernel packages. ATA_FULL=1 runs
# the long form, ATA_MACHINE_RUN=PATTERN some of the guest's tests.
test-machine:
	./test/need qemu-system-aarch64:qemu-system-arm qemu-system-arm aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf make bc xz:xz-utils
	$(GO) test -tags machine -count=1 -timeout 80m -v ./test/machine

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

# What docs/performance.md shows: benchmarks of the media path, and a call of a
# minute beside baresip's. Run it on an idle machine.
bench:
	./test/need kamailio baresip:baresip-core tshark
	$(GO) test -run '^$$' -bench . -benchmem ./dsp/... ./media/... ./line/... ./dialplan/... ./quality/... ./sip/...
	ATA_BENCH=1 $(GO) test -tags interop -count=1 -run TestPerformance -v ./test/interop

cross:
	GOOS=linux GOARCH=arm GOARM=6 $(BUILD) -o dist/ata-agent-linux-armv6 ./cmd/ata-agent
	GOOS=linux GOARCH=arm GOARM=7 $(BUILD) -o dist/ata-agent-linux-armv7 ./cmd/ata-agent
	GOOS=linux GOARCH=arm64 $(BUILD) -o dist/ata-agent-linux-arm64 ./cmd/ata-agent
	ls -l dist

# The unit tests as ARM programs under user-mode emulation.
test-arm:
	./test/need qemu-arm-static:qemu-user-static
	CGO_ENABLED=0 GOOS=linux GOARCH=arm GOARM=7 $(GO) test -exec qemu-arm-static ./...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) test -exec qemu-aarch64-static ./...

clean:
	rm -rf bin dist
