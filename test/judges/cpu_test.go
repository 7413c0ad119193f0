//go:build judges

package judges

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/plc"
	"github.com/ata-agent/ata-agent/dsp/progress"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// cpu returns the nanoseconds of thread CPU time of f, over many calls.
func cpu(t *testing.T, f func(i int)) float64 {
	const calls = 3000
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime(t)
	for i := range calls {
		f(i)
	}
	return (threadTime(t) - begin) / calls
}

// threadTime is what this thread has run, in nanoseconds.
func threadTime(t *testing.T) float64 {
	const clock = 3 // CLOCK_THREAD_CPUTIME_ID, clock_gettime(2)
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		t.Fatal(errno)
	}
	return float64(ts.Nano())
}

// limits are the greatest ratios of our cost to spandsp's.
var limits = map[string]float64{
	"dtmf_rx":     2.5,
	"tone_pair":   1.5,
	"alaw_encode": 0.6,
	"alaw_decode": 0.6,
	"ulaw_encode": 0.6,
	"ulaw_decode": 0.6,
	"plc_lost":    1.5,
	"cid_tx":      1.5,
	"cid_rx":      1.5,
	"fax_tones":   1.2,
	"progress":    1.5,
}

const goodLimit = 100.0 // ns for a good frame, where spandsp only copies

func TestCPU(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	x := make([]int16, 16000)
	dsptest.AddNoise(x, -15, rand.New(rand.NewPCG(1, 1)))
	ours, theirs := map[string][]float64{}, map[string][]float64{}
	for range 9 {
		for name, ns := range judge.CPU(t, x) {
			theirs[name] = append(theirs[name], ns)
		}
		for name, f := range functions(x) {
			ours[name] = append(ours[name], cpu(t, f))
		}
	}
	for name, limit := range limits {
		o, s := median(ours[name]), median(theirs[name])
		t.Logf("%-12s %6.0f ns, spandsp %6.0f ns, ratio %.2f", name, o, s, o/s)
		if o > limit*s {
			t.Errorf("%s costs %.2f times what spandsp takes, want at most %v", name, o/s, limit)
		}
	}
	if good := median(ours["plc_good"]); good > goodLimit {
		t.Errorf("plc_good costs %.0f ns, want at most %v", good, goodLimit)
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// functions are our side of the work, on 20 ms blocks of x.
func functions(x []int16) map[string]func(i int) {
	block := func(i int) []int16 { return x[i*160%(len(x)-160):][:160] }
	out, codes := make([]int16, 160), make([]byte, 160)
	fax := faxtone.New()
	us, _ := country.Lookup("US")
	network := progress.New(progress.NewPlan(map[progress.Kind]*tone.Spec{
		progress.Busy: &us.Tones.Busy, progress.Ringback: &us.Tones.Ringback,
	}))
	detector := dtmf.NewDetector(dtmf.Opts{})
	spec := tone.MustParse("350+440:inf", -13)
	var generator tone.Generator
	generator.Start(&spec)
	var good, bad plc.Concealer
	scheme, _ := callerid.Lookup("bellcore")
	data := scheme.Message(callerid.Call{Number: "5551234"})
	var sender callerid.Sender
	receiver := callerid.NewReceiver(func([]byte) {})
	told := make([]int16, 160*(2+int(data.Duration()/(20*time.Millisecond))))
	sender.Start(data)
	sender.Read(told)
	return map[string]func(i int){
		"fax_tones":   func(i int) { fax.Process(block(i)) },
		"progress":    func(i int) { network.Process(block(i)) },
		"dtmf_rx":     func(i int) { detector.Process(block(i)) },
		"tone_pair":   func(int) { generator.Read(out) },
		"alaw_encode": func(i int) { g711.Encode(g711.ALaw, codes, block(i)) },
		"alaw_decode": func(int) { g711.Decode(g711.ALaw, out, codes) },
		"ulaw_encode": func(i int) { g711.Encode(g711.MuLaw, codes, block(i)) },
		"ulaw_decode": func(int) { g711.Decode(g711.MuLaw, out, codes) },
		"plc_good":    func(i int) { good.Good(block(i)) },
		"cid_tx": func(int) {
			if !sender.Playing() {
				sender.Start(data)
			}
			sender.Read(out)
		},
		"cid_rx": func(i int) { receiver.Process(told[i*160%(len(told)-160):][:160]) },
		"plc_lost": func(i int) { // with the two good frames it takes to be lost again
			copy(out, block(i))
			bad.Good(out)
			bad.Good(out)
			bad.Lost(out)
		},
	}
}
