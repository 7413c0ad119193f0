//go:build interop

package interop

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPerformance makes one call of a minute with baresip and compares the two:
// pacing of RTP as captured on the wire, memory and CPU. It prints the table of
// docs/performance.md; `make bench` runs it, other runs leave it out.
func TestPerformance(t *testing.T) {
	if os.Getenv("ATA_BENCH") == "" {
		t.Skip("measures for a minute: make bench runs it")
	}
	k := startKamailio(t, "MD5")
	speech := voiceFile(t, "demo-instruct.wav")
	for len(speech) < 8000*180 { // longer than the call
		speech = append(speech, speech...)
	}
	b := startBaresip(t, k, baresipOpts{tx: speech})
	a := startATA(t, account(k, 1, "udp", "PCMU"), account(k, 2, "udp", "PCMU"))
	const length = time.Minute
	const rest = 20 * time.Second
	idle := usage(t, a.Cmd.Process.Pid)
	time.Sleep(rest)
	idleCPU := (usage(t, a.Cmd.Process.Pid).cpu - idle.cpu) * float64(length/rest)
	a.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk")...)
	agentBefore, bareBefore := usage(t, a.Cmd.Process.Pid), usage(t, b.Cmd.Process.Pid)
	toBaresip, fromBaresip := capture(t, length, b.rtp)
	agentAfter, bareAfter := usage(t, a.Cmd.Process.Pid), usage(t, b.Cmd.Process.Pid)
	a.Phone(t, 1, "onhook")

	fmt.Printf("\n%s, %s/%s, %d CPUs, load %s, call of %v, PCMU, 20 ms\n\n", time.Now().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load(t), length)
	fmt.Println("| | ata-agent | baresip |")
	fmt.Println("|---|---|---|")
	row := func(name, format string, x, y any) { fmt.Printf("| %s | "+format+" | "+format+" |\n", name, x, y) }
	agent, bare := judgePacing(toBaresip), judgePacing(fromBaresip)
	row("RTP packets", "%d", agent.packets, bare.packets)
	row("deviation from the 20 ms grid, median", "%.2f ms", agent.p50, bare.p50)
	row("… 99th percentile", "%.2f ms", agent.p99, bare.p99)
	row("… greatest", "%.2f ms", agent.max, bare.max)
	row("resident memory", "%.1f MiB", agentAfter.rss, bareAfter.rss)
	row("CPU of the call", "%.2f s", agentAfter.cpu-agentBefore.cpu, bareAfter.cpu-bareBefore.cpu)
	fmt.Printf("\nThe agent's CPU includes the simulated chips, wires and telephones of two lines: on hook it uses %.2f s in the same time.\n", idleCPU)
	if agent.packets < 2800 { // the capture takes a moment to begin
		t.Errorf("%d packets from the agent in %v", agent.packets, length)
	}
}

// pacing is how a stream keeps to its grid, in milliseconds.
type pacing struct {
	packets       int
	p50, p99, max float64
}

// judgePacing fits a grid of 20 ms through the earliest packets and gives the
// deviations from it. A slow drift of the clock is taken out by a line.
func judgePacing(at []float64) pacing {
	n := len(at)
	if n < 100 {
		return pacing{packets: n}
	}
	step := (at[n-1] - at[0]) / float64(n-1)
	lag := make([]float64, n)
	for i := range at {
		lag[i] = at[i] - at[0] - step*float64(i)
	}
	middle := slices.Clone(lag)
	slices.Sort(middle)
	center := middle[n/2]
	for i := range lag {
		lag[i] = 1000 * math.Abs(lag[i]-center)
	}
	slices.Sort(lag)
	return pacing{n, lag[n/2], lag[n*99/100], lag[n-1]}
}

// capture records the times of the RTP packets to and from baresip, whose ports
// begin at rtp.
func capture(t *testing.T, length time.Duration, rtp int) (to, from []float64) {
	t.Helper()
	cmd := exec.Command("tshark", "-l", "-n", "-i", "lo", "-a", fmt.Sprintf("duration:%d", int(length.Seconds())),
		"-f", fmt.Sprintf("udp portrange %d-%d", rtp, rtp+19), "-T", "fields", "-e", "frame.time_epoch", "-e", "udp.srcport", "-e", "udp.length")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) != 3 || f[2] != "180" { // RTP of 160 samples
			continue
		}
		at, err1 := strconv.ParseFloat(f[0], 64)
		port, err2 := strconv.Atoi(f[1])
		switch {
		case err1 != nil || err2 != nil:
		case port >= rtp && port < rtp+20:
			from = append(from, at)
		default:
			to = append(to, at)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("tshark: %v", err)
	}
	return to, from
}

// used is what a process uses: CPU in seconds, resident memory in MiB.
type used struct{ cpu, rss float64 }

func usage(t *testing.T, pid int) used {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	pages, _ := strconv.ParseFloat(f[21], 64)
	const ticks = 100 // of the kernel's USER_HZ
	return used{(user + system) / ticks, pages * float64(os.Getpagesize()) / (1 << 20)}
}

func load(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(data))[0]
}
