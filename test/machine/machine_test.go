//go:build machine

package machine

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// modulesUsed are loaded in the machine, with what they need.
var modulesUsed = []string{"vboard", "snd_aloop", "softdog", "sch_netem"}

// radioModules are two radios in one ether, and the ciphers of WPA2.
var radioModules = []string{"mac80211_hwsim", "ccm", "ctr", "cmac"}

// parameters of the modules: two line-feed chips on the bus, and the lines of a
// board.
const parameters = "vboard.ncs=2 vboard.names=RESET1,INT1,RESET2,INT2,SHK,RM,FR,PD,LED,BTN snd_aloop.pcm_substreams=1 mac80211_hwsim.radios=2 softdog.soft_margin=60"

// full asks for the long form of the guest's tests.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

// wallLimit ends a machine that hangs. It is a guard, not a figure: on a host with
// ten programs for each processor one machine took 19 minutes.
func wallLimit() time.Duration {
	if full() {
		return 6 * time.Hour
	}
	return 3 * time.Hour
}

// guestLimit is of the machine's own time.
func guestLimit() time.Duration {
	if full() {
		return time.Hour
	}
	return 30 * time.Minute
}

func TestMachine(t *testing.T) {
	for _, a := range arches {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel() // a busy host changes nothing in a machine
			m := a.prepare(t)
			t.Run("kernel", func(t *testing.T) { m.guest(t, slow, "-test.skip=^TestAgent|^TestFrozen|^TestRadio|^TestPackage") })
			t.Run("agent", func(t *testing.T) { m.guest(t, gigahertz, "-test.run=^TestAgent") })
			t.Run("radio", func(t *testing.T) { m.withRadio(t).guest(t, gigahertz, "-test.run=^TestRadio") })
			if a.system {
				t.Run("package", func(t *testing.T) { m.withSystem(t).guest(t, gigahertz, "-test.run=^TestPackage") })
			}
			t.Run("frozen", func(t *testing.T) { m.freeze(t) })
			t.Run("cost", func(t *testing.T) { m.cost(t) })
		})
	}
}

// prepared is a machine that is ready to boot.
type prepared struct {
	arch   arch
	kernel kernel
	built  string // folder of our programs
	initrd string
	memory int    // MiB
	begin  string // argument of the kernel that has init begin another program
}

func (a arch) prepare(t *testing.T) prepared {
	for _, p := range []string{a.qemu, a.cross + "gcc", "make", "dpkg-deb", "apt-get", "xz"} {
		if _, err := exec.LookPath(p); err != nil {
			unavailable(t, "%s is not installed", p)
		}
	}
	k := a.fetch(t)
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"init":  {"build", "-o", filepath.Join(dir, "init"), "./init"},
		"guest": {"test", "-c", "-tags", "machine", "-o", filepath.Join(dir, "guest"), "./guest"},
		"media": {"test", "-c", "-o", filepath.Join(dir, "media"), "../../media"},
		"agent": {"build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "agent"), "../../cmd/ata-agent"},
	} {
		if _, err := run("", []string{"GOOS=linux", "GOARCH=" + a.goarch, "GOARM=7", "CGO_ENABLED=0"}, "go", args...); err != nil {
			t.Fatalf("build %s: %v", name, err)
		}
	}
	m := prepared{arch: a, kernel: k, built: dir, memory: 512}
	return m.with(t, newArchive(), modulesUsed)
}

// withRadio returns the machine with two radios, and the programs that make one
// of them an access point and the other a station.
func (p prepared) withRadio(t *testing.T) prepared {
	radio := p.arch.fetchPrograms(t, "radio", "hostapd", "wpasupplicant", "iw")
	for _, name := range []string{"hostapd", "wpa_supplicant", "iw"} {
		if err := radio.add(name); err != nil {
			t.Fatal(err)
		}
	}
	files := newArchive()
	if err := radio.put(files); err != nil {
		t.Fatal(err)
	}
	return p.with(t, files, append(modulesUsed[:len(modulesUsed):len(modulesUsed)], radioModules...))
}

// with returns the machine with a file system of these files, our programs and
// kernel modules.
func (p prepared) with(t *testing.T, files *archive, modules []string) prepared {
	const speech = "../../cmd/ata-agent/speech/"
	for _, f := range [][2]string{
		{"init", filepath.Join(p.built, "init")},
		{"bin/guest", filepath.Join(p.built, "guest")},
		{"bin/ata-agent", filepath.Join(p.built, "agent")},
		{"bin/media", filepath.Join(p.built, "media")},
		{"speech/thanks.wav", speech + "thanks.wav"},
		{"speech/intro.wav", speech + "intro.wav"},
	} {
		data, err := os.ReadFile(f[1])
		if err != nil {
			t.Fatal(err)
		}
		files.file(f[0], data)
	}
	m, err := findModules(p.kernel.modules, p.kernel.board)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range modules {
		if err := m.add(name); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range m.order {
		files.file(fmt.Sprintf("modules/%02d-%s.ko", i, name), m.data[name])
	}
	p.initrd = filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(p.initrd, files.bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// Speeds of a machine's processor: each instruction takes 2^speed nanoseconds.
const (
	gigahertz = 0 // 1000 million instructions a second
	slow      = 2 // 250
)

// boot runs the machine until it powers off and returns what its console said.
func (p prepared) boot(t *testing.T, speed int, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wallLimit())
	defer cancel()
	cmd := exec.CommandContext(ctx, p.arch.qemu,
		"-accel", "tcg,thread=single", "-icount", fmt.Sprintf("shift=%d,sleep=off", speed), "-rtc", "base=2026-01-02T03:04:05,clock=vm",
		"-M", "virt,dtb-randomness=off", "-cpu", p.arch.cpu, "-m", strconv.Itoa(p.memory), "-smp", "1",
		"-display", "none", "-no-reboot", "-nodefaults", "-serial", "stdio",
		"-kernel", p.kernel.image, "-initrd", p.initrd,
		"-append", "console=ttyAMA0 panic=-1 quiet nokaslr "+parameters+" "+p.begin+" machine.run="+command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	console, readErr := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || readErr != nil {
		t.Errorf("qemu: %v, %v", err, readErr)
	}
	t.Logf("machine ran for %v", time.Since(begin).Round(time.Millisecond))
	return strings.ReplaceAll(string(console), "\r", "")
}

// guest runs the tests of folder guest that the selection names.
func (p prepared) guest(t *testing.T, speed int, selection string) {
	command := "/bin/guest,-test.v,-test.timeout=" + guestLimit().String() + "," + selection
	if full() {
		command += ",-full"
	}
	if only := os.Getenv("ATA_MACHINE_RUN"); only != "" {
		command += ",-test.run=" + only
	}
	console := p.boot(t, speed, command)
	t.Logf("console:\n%s", console)
	if !strings.Contains(console, "\nMACHINE-EXIT 0\n") {
		t.Error("the guest's tests failed")
	}
	if !regexp.MustCompile(`(?m)^--- PASS: `).MatchString(console) {
		t.Error("the guest ran no test")
	}
	for _, skipped := range regexp.MustCompile(`(?m)^\s*--- SKIP: (\S+)`).FindAllStringSubmatch(console, -1) {
		if !optional(skipped[1]) {
			t.Errorf("the guest skipped %s", skipped[1])
		}
	}
}

// optional says whether a test may be skipped: it is for what not every kind of line
// has, and slictest.TestLine has seen that the driver does not claim it.
func optional(test string) bool {
	return strings.HasPrefix(test, "TestModule/") || strings.HasPrefix(test, "TestChip/")
}

// freeze stops the agent's process after a while: the kernel's watchdog reboots
// the machine, which ends it, and not before.
func (p prepared) freeze(t *testing.T) {
	console := p.boot(t, slow, "/bin/guest,-test.v,-test.run=^TestFrozen")
	frozen := strings.Index(console, "guest: the agent is stopped now")
	reboot := strings.Index(console, "Initiating system reboot")
	if frozen < 0 || reboot < frozen || strings.Contains(console, "MACHINE-EXIT") {
		t.Errorf("the agent is stopped at %d, reboot at %d of the console:\n%s", frozen, reboot, console)
	}
}
