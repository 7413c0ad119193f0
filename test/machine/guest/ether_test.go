//go:build machine && linux

package guest

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Radios of mac80211_hwsim and the addresses in their network.
const (
	pointRadio   = "wlan0"
	stationRadio = "wlan1"

	pointAddress   = "10.64.0.1"
	stationAddress = "10.64.0.2"
)

// ether is what two radios have in common: one is an access point and belongs to
// the network, the other a station and belongs to the device. The device has a
// network namespace of its own, without which its packets to the access point
// would not leave the machine.
//
//	registrar, far end ─▶ wlan0 ─▶ hostapd ┄┄┄┄ wpa_supplicant ◀─ wlan1 ◀─ agent
type ether struct {
	*testing.T
	dir    string
	device *room
	phys   [2]string // radios of the access point and the station

	stopPoint func() // ends the access point
}

// newEther has the station join the access point.
func newEther(t *testing.T) *ether {
	t.Helper()
	e := &ether{T: t, dir: t.TempDir(), device: newRoom(t)}
	for i, name := range []string{pointRadio, stationRadio} {
		phy, err := os.ReadFile("/sys/class/net/" + name + "/phy80211/name")
		if err != nil {
			t.Fatal(err)
		}
		e.phys[i] = strings.TrimSpace(string(phy))
	}
	e.mountDebug()
	e.tool("iw", "phy", e.phys[1], "set", "netns", strconv.Itoa(e.device.thread))
	e.write("point", "interface="+pointRadio+"\ndriver=nl80211\nssid=machine\nhw_mode=g\nchannel=1\nwpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase=of the machine\n")
	e.write("station", "network={\nssid=\"machine\"\npsk=\"of the machine\"\nscan_freq=2412\n}\n")
	e.startPoint()
	e.device.start(t, exec.Command("/bin/wpa_supplicant", "-i", stationRadio, "-c", filepath.Join(e.dir, "station")))
	e.must(setAddress(pointRadio, pointAddress))
	e.must(e.device.do(func() error { return setAddress(stationRadio, stationAddress) }))
	e.joined()
	return e
}

func (e *ether) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *ether) write(name, text string) {
	e.Helper()
	e.must(os.WriteFile(filepath.Join(e.dir, name), []byte(text), 0o600))
}

func (e *ether) tool(name string, args ...string) {
	e.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		e.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// mountDebug mounts the file system that has the strength of the signals.
func (e *ether) mountDebug() {
	const at = "/sys/kernel/debug"
	e.must(unix.Mount("debugfs", at, "debugfs", 0, ""))
	e.Cleanup(func() {
		if err := unix.Unmount(at, 0); err != nil {
			e.Error(err)
		}
	})
}

// startPoint begins the access point.
func (e *ether) startPoint() {
	e.Helper()
	e.stopPoint = background(e.T, exec.Command("/bin/hostapd", filepath.Join(e.dir, "point")), (*exec.Cmd).Start)
}

// joined waits for the station's link.
func (e *ether) joined() {
	e.Helper()
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		var link []byte
		err := e.device.do(func() (err error) {
			link, err = exec.Command("iw", "dev", stationRadio, "link").CombinedOutput()
			return err
		})
		if err == nil && strings.Contains(string(link), "Connected to") {
			e.Logf("joined after %v", time.Since(begin).Round(time.Millisecond))
			return
		}
		if time.Since(begin) > 30*time.Second {
			e.Fatalf("the station does not join: %s, %v", link, err)
		}
	}
}

// simulatedGain is what the simulation adds to the strength it is told: the
// sender's power.
const simulatedGain = 20 // dB

// strength gives both radios a signal of so many dBm.
func (e *ether) strength(dBm int) {
	e.Helper()
	for _, phy := range e.phys {
		// The file takes negative numbers as the unsigned ones of the same bits.
		value := strconv.FormatUint(uint64(int64(dBm-simulatedGain)), 10)
		e.must(os.WriteFile("/sys/kernel/debug/ieee80211/"+phy+"/hwsim/rx_rssi", []byte(value), 0))
	}
}

// room is a network namespace. One thread is always in it.
type room struct {
	thread int
	work   chan func()
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{work: make(chan func())}
	entered := make(chan error)
	go func() {
		runtime.LockOSThread() // to the end, so that no other goroutine gets into it
		r.thread = unix.Gettid()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = switchOn("lo")
		}
		entered <- err
		for f := range r.work {
			f()
		}
	}()
	t.Cleanup(func() { close(r.work) })
	if err := <-entered; err != nil {
		t.Fatalf("a network of its own: %v", err)
	}
	return r
}

// do calls a function on the thread in the room.
func (r *room) do(f func() error) error {
	err := make(chan error)
	r.work <- func() { err <- f() }
	return <-err
}

// run starts a program in the room.
func (r *room) run(cmd *exec.Cmd) error { return r.do(cmd.Start) }

// start runs a program in the room until the test ends.
func (r *room) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	background(t, cmd, r.run)
}

// background runs a program until it is stopped or the test ends.
func background(t *testing.T, cmd *exec.Cmd, run func(*exec.Cmd) error) (stop func()) {
	t.Helper()
	var log lockedText
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := run(cmd); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(unix.SIGTERM) // it may have ended
		_ = cmd.Wait()
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s:\n%s", cmd.Path, &log)
		}
	})
	return stop
}

// request has the kernel do something to a network interface (netdevice(7)).
func request(name string, call uint, set func(*unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := set(req); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, call, req); err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	return nil
}

func switchOn(name string) error {
	return request(name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return nil
	})
}

// setAddress gives an interface its address, whose network is a /24.
func setAddress(name, address string) error {
	of := func(addr []byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(addr) }
	}
	if err := request(name, unix.SIOCSIFADDR, of(netip.MustParseAddr(address).AsSlice())); err != nil {
		return err
	}
	return request(name, unix.SIOCSIFNETMASK, of(net.CIDRMask(24, 32)))
}
