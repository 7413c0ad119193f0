//go:build machine && linux

package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Of the package.
const (
	packageFile   = "/ata-agent.deb"
	packageUnit   = "ata-agent.service"
	packageState  = "/var/lib/ata-agent"
	packageConfig = "/etc/ata-agent"
)

// TestPackage installs the Debian package under systemd and has the service work
// the machine's board, in all the confinement of its unit, until it is purged.
func TestPackage(t *testing.T) {
	s := &scene{telephones: plugTelephones(t), peer: newPeer(t, loopback)}
	s.program = newProgram(t, packageState)
	s.do(1, plain)
	s.peer.do(plain)
	s.tool("dpkg", "-i", packageFile)
	s.unit("enabled and not begun without a configuration", map[string]string{"UnitFileState": "enabled", "ActiveState": "inactive"})
	s.configure()
	s.tool("systemctl", "start", packageUnit)
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := exec.Command("journalctl", "-b", "--no-pager", "-u", packageUnit).CombinedOutput()
			t.Logf("%s", log)
		}
	})
	s.serves("started")
	s.talks()
	s.confined()
	s.hangs()

	// What it remembers is enough.
	if err := os.Remove(filepath.Join(packageConfig, "config.json")); err != nil {
		t.Fatal(err)
	}
	s.tool("systemctl", "restart", packageUnit)
	s.serves("restarted")
	s.tool("dpkg", "-i", packageFile)
	s.serves("upgraded")
	s.purge()
}

// configure writes what an owner writes.
func (s *scene) configure() {
	s.Helper()
	for path, data := range map[string][]byte{
		filepath.Join(packageConfig, "config.json"): configuration(s.peer.server, loopback, numberOne, numberTwo),
		filepath.Join(packageConfig, "board.json"):  []byte(boardFile),
		"/etc/default/ata-agent":                    []byte("ATA_AGENT_BOARD=" + filepath.Join(packageConfig, "board.json") + "\n"),
	} {
		if err := os.WriteFile(path, data, 0o640); err != nil {
			s.Fatal(err)
		}
		s.tool("chgrp", "ata-agent", path)
	}
}

func (s *scene) tool(name string, args ...string) string {
	s.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		s.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// property asks systemd for a property of the service.
func (s *scene) property(name string) string {
	s.Helper()
	return s.tool("systemctl", "show", "--value", "-p", name, packageUnit)
}

func (s *scene) unit(when string, properties map[string]string) {
	s.Helper()
	for name, want := range properties {
		if got := s.property(name); got != want {
			s.Errorf("%s: %s is %q, want %q", when, name, got, want)
		}
	}
}

// serves says that the service is up and that a call goes out.
func (s *scene) serves(when string) {
	s.Helper()
	s.unit(when, map[string]string{"ActiveState": "active", "SubState": "running"})
	s.program.await(20*time.Second, when+": both lines in service", inService)
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback")
	s.peer.do("wait ringing")
	s.do(1, "onhook")
	s.program.await(5*time.Second, when+": idle", idle)
}

// talks has a call understood at both ends.
func (s *scene) talks() {
	s.Helper()
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback")
	s.peer.do("wait ringing offhook pause 500ms")
	talks := s.talk(1)
	s.do(1, "onhook")
	s.peer.do("wait cpc -timeout 10s onhook pause 1500ms")
	st := s.program.await(5*time.Second, "idle", idle)
	if st.Clock.Errors != 0 || st.Clock.Stalls != 0 {
		s.Errorf("the clock: %+v", st.Clock)
	}
	for _, x := range talks {
		x.judge(s.T)
	}
}

// confined says that the service is not root, and may give its audio priority all
// the same.
func (s *scene) confined() {
	s.Helper()
	pid := s.mainProcess()
	info, err := os.Stat("/proc/" + strconv.Itoa(pid))
	if err != nil {
		s.Fatal(err)
	}
	if got := s.tool("stat", "-c", "%U", "/proc/"+strconv.Itoa(pid)); got != "ata-agent" {
		s.Errorf("%s belongs to %s", info.Name(), got)
	}
	if s.program.process, err = os.FindProcess(pid); err != nil {
		s.Fatal(err)
	}
	if got := s.program.niceThreads(); got != favour {
		s.Errorf("threads with a nice value below 0: %q, want one of %s", got, favour)
	}
	status := s.tool("setpriv", "--reuid", "ata-agent", "--regid", "ata-agent", "--clear-groups", "ata-agent", "status", "-json", "-state", packageState)
	if !strings.Contains(status, `"registered"`) {
		s.Errorf("its user asks for the state: %s", status)
	}
}

func (s *scene) mainProcess() int {
	s.Helper()
	pid, err := strconv.Atoi(s.property("MainPID"))
	if err != nil || pid == 0 {
		s.Fatalf("main process %d, %v", pid, err)
	}
	return pid
}

// hangs stops the process: systemd notices that it is not fed any more, and starts
// another one. It was fed before, for longer than it waits.
func (s *scene) hangs() {
	s.Helper()
	const patience = 30 * time.Second // WatchdogSec
	time.Sleep(patience + 5*time.Second)
	s.unit("before it hangs", map[string]string{"NRestarts": "0", "WatchdogUSec": "30s"})
	old := s.mainProcess()
	if err := unix.Kill(old, unix.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	time.Sleep(patience + 5*time.Second) // with RestartSec
	s.unit("after it hung", map[string]string{"NRestarts": "1"})
	if now := s.mainProcess(); now == old {
		s.Errorf("the process is still %d", old)
	}
	s.serves("restarted by the watchdog")
}

// purge leaves nothing of the owner's.
func (s *scene) purge() {
	s.Helper()
	pid := s.mainProcess()
	s.tool("dpkg", "-P", "ata-agent")
	if err := unix.Kill(pid, 0); err != unix.ESRCH {
		s.Errorf("process %d after purging: %v", pid, err)
	}
	for _, path := range []string{packageState, packageConfig, "/etc/default/ata-agent", "/usr/bin/ata-agent", "/usr/lib/systemd/system/" + packageUnit} {
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			s.Errorf("purging left %s: %v", path, err)
		}
	}
	for _, path := range []string{"/etc/passwd", "/etc/group", "/etc/shadow"} {
		if data, err := os.ReadFile(path); err != nil || strings.Contains(string(data), "ata-agent") {
			s.Errorf("%s after purging: %v\n%s", path, err, data)
		}
	}
	s.unit("purged", map[string]string{"LoadState": "not-found", "ActiveState": "inactive"})
}
