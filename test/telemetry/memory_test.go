//go:build telemetry

package telemetry

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// resident is the memory of a running agent that is in use, in bytes: its own and
// the pages of its program (proc(5), VmRSS).
func (a *ata) resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no VmRSS in\n%s", status)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// residentLimit is what all of telemetry may take.
const residentLimit = 3 << 20

// TestResidentMemory has two agents do the same, one that tells nobody anything and
// one that tells everything to all kinds of receivers, four times as often as is
// usual, and to Prometheus every five seconds: a call, then a minute of rest. The difference of the medians of what they have
// resident is what telemetry takes.
func TestResidentMemory(t *testing.T) {
	s := startServer(t)
	port, listen := freePort(t), freePort(t)
	startBroker(t, port)
	silent := startATA(t, object{})
	telling := startATA(t, object{
		"listen": fmt.Sprintf("127.0.0.1:%d", listen), "interval_s": 15, "flush_s": 60,
		"https": object{"url": s.URL}, "otlp": object{"url": s.URL},
		"mqtt":   object{"url": fmt.Sprintf("mqtt://127.0.0.1:%d", port), "user": "ata", "password": "mqttSecret99"},
		"syslog": object{"url": fmt.Sprintf("udp://127.0.0.1:%d", freePort(t))},
	})
	telling.do(t, "privacy", "set", "level", "3")
	silent.call(t, 2*time.Second)
	telling.call(t, 2*time.Second)
	var with, without []int
	for range 12 {
		time.Sleep(5 * time.Second)
		get(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", listen))
		with, without = append(with, telling.resident(t)), append(without, silent.resident(t))
	}
	slices.Sort(with)
	slices.Sort(without)
	took := with[6] - without[6]
	t.Logf("resident: %.1f MiB without, %.1f MiB with telemetry: %.1f MiB for it", mib(without[6]), mib(with[6]), mib(took))
	if took > residentLimit {
		t.Errorf("telemetry takes %.1f MiB, at most %.1f MiB are allowed", mib(took), mib(residentLimit))
	}
	if len(s.all()) == 0 {
		t.Error("the servers got nothing")
	}
}

func mib(bytes int) float64 { return float64(bytes) / (1 << 20) }
