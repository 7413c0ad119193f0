//go:build machine

package machine

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// costs are the instructions that a line takes for 20 ms, recorded. They are
// exact, but the compiler has its part in them.
var costs = sync.OnceValues(func() (*dsptest.Bars, error) { return dsptest.OpenBars("testdata/cost.json") })

// costRise is by what share a cost may rise before the test fails.
const costRise = 0.05

// cost runs the benchmarks of the media path: a line with every detector on. An
// instruction takes a nanosecond of the machine's time, so what a benchmark
// takes is its instructions, the kernel's clock interrupts with them.
//
// Run with -update to record what a change costs.
func (p prepared) cost(t *testing.T) {
	bars, err := costs()
	if err != nil {
		t.Fatal(err)
	}
	console := p.boot(t, gigahertz, "/bin/media,-test.run=^$,-test.bench=^BenchmarkFrame$,-test.benchtime=1000x,-test.cpu=1")
	results := regexp.MustCompile(`(?m)^BenchmarkFrame/(\S+)\s+1000\s+(\d+) ns/op$`).FindAllStringSubmatch(console, -1)
	if len(results) < 5 || !strings.Contains(console, "\nMACHINE-EXIT 0\n") {
		t.Fatalf("benchmarks %q, console:\n%s", results, console)
	}
	for _, r := range results {
		instructions, err := strconv.ParseFloat(r[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		bars.Check(t, p.arch.name+" "+strings.ReplaceAll(r[1], "_", " "), instructions, math.Round(costRise*instructions), "instructions")
	}
}
