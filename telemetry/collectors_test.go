package telemetry

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/slic"
)

// text writes samples as NAME{LABELS} VALUE.
func text(s *Samples) (list []string) {
	for _, i := range s.items {
		list = append(list, i.Field.Name+"{"+strings.Join(i.Labels, ",")+"} "+strings.TrimPrefix(sample(privacy.Item{Field: i.Field, Value: i.Value, Hist: i.Hist, Text: i.Text}), " "))
	}
	return list
}

func collect(t *testing.T, cs ...Collector) ([]string, error) {
	t.Helper()
	s := &Samples{}
	var errs []error
	for _, c := range cs {
		errs = append(errs, c.Collect(s))
	}
	return text(s), errors.Join(errs...)
}

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

// pi is what the kernel of a Raspberry Pi with an eMMC shows.
func pi() fstest.MapFS {
	root := fakeRoot()
	for name, content := range map[string]string{
		"proc/device-tree/model":                 "Raspberry Pi 3 Model B Plus Rev 1.3\x00",
		"proc/device-tree/compatible":            "raspberrypi,3-model-b-plus\x00brcm,bcm2837\x00",
		"proc/cpuinfo":                           "processor\t: 0\nRevision\t: a020d3\nSerial\t\t: 00000000abcdef01\n",
		"etc/os-release":                         "PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n",
		"proc/sys/kernel/osrelease":              "6.1.0-rpi\n",
		"proc/loadavg":                           "0.42 0.30 0.10 1/99 4242\n",
		"proc/meminfo":                           "MemTotal:  900000 kB\nMemAvailable:  512000 kB\n",
		"sys/class/thermal/thermal_zone0/type":   "cpu-thermal\n",
		"sys/class/thermal/thermal_zone0/temp":   "54768\n",
		throttledFile:                            "50005\n",
		"sys/block/mmcblk0/stat":                 "1 2 3 4 5 6 2048 8 9 10 11\n",
		"sys/block/mmcblk0/device/life_time":     "0x02 0x05\n",
		"sys/block/mmcblk0boot0/stat":            "1 2 3 4 5 6 7 8 9 10 11\n",
		"sys/block/loop0/stat":                   "1 2 3 4 5 6 7 8 9 10 11\n",
		"sys/class/net/eth0/operstate":           "up\n",
		"sys/class/net/eth0/speed":               "100\n",
		"sys/class/net/eth0/statistics/rx_bytes": "123456\n", "sys/class/net/eth0/statistics/rx_errors": "3\n", "sys/class/net/eth0/statistics/tx_errors": "1\n",
		"sys/class/net/wlan0/operstate": "down\n", "sys/class/net/wlan0/speed": "-1\n",
		"sys/class/net/lo/operstate": "unknown\n", "sys/class/net/docker0/operstate": "up\n",
	} {
		root[name] = file(content)
	}
	return root
}

func TestDevice(t *testing.T) {
	got, err := collect(t, append(Device(pi(), "1.2", "generic")[1:], Network(pi(), func() ([]Address, error) {
		return []Address{
			{"lo", netip.MustParsePrefix("127.0.0.1/8"), true, 0},
			{"eth0", netip.MustParsePrefix("192.0.2.7/24"), false, 0},
			{"eth0", netip.MustParsePrefix("192.0.2.8/24"), false, 0},
			{"eth0", netip.MustParsePrefix("2001:db8::7/64"), false, 0},
			{"eth0", netip.MustParsePrefix("fe80::1/64"), true, 0},
			{"wlan0", netip.MustParsePrefix("198.51.100.7/24"), true, 0},
			{"docker0", netip.MustParsePrefix("172.17.0.1/16"), true, 0},
		}, nil
	})...)...)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ata_board_info{Raspberry Pi 3 Model B Plus Rev 1.3,a020d3,brcm,bcm2837} ",
		"ata_os_info{debian,12,6.1.0-rpi} ",
		"ata_process_cpu_seconds_total{} 3", "ata_process_resident_memory_bytes{} 1.2288e+06",
		"ata_system_load1{} 0.42", "ata_system_memory_available_bytes{} 5.24288e+08", "ata_uptime_seconds{} 100.5",
		"ata_system_temperature_celsius{cpu-thermal} 54.768",
		"ata_system_throttled{under_voltage} 1", "ata_system_throttled{frequency_capped} 0", "ata_system_throttled{throttled} 1", "ata_system_throttled{temperature} 0",
		"ata_storage_written_bytes_total{mmcblk0} 1.048576e+06", "ata_storage_life_used_ratio{mmcblk0} 0.5",
		"ata_network_up{eth0} 1", "ata_network_link_speed_bits{eth0} 1e+08", "ata_network_receive_bytes_total{eth0} 123456",
		"ata_network_errors_total{eth0,received} 3", "ata_network_errors_total{eth0,sent} 1", "ata_network_up{wlan0} 0",
		"ata_network_address_info{eth0,ipv4,dhcp} ", "ata_network_prefix_info{eth0,192.0.2.7} ",
		"ata_network_address_info{eth0,ipv6,slaac} ", "ata_network_prefix_info{eth0,2001:db8::7} ",
		"ata_network_address_info{wlan0,ipv4,static} ", "ata_network_prefix_info{wlan0,198.51.100.7} ",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range got {
		if strings.Contains(line, "abcdef01") {
			t.Errorf("the serial number is told: %s", line)
		}
	}
}

// TestMissingAndWrongFiles takes every file away, and fills every one with
// rubbish: nothing is told that is not there, and nobody panics.
func TestMissingAndWrongFiles(t *testing.T) {
	if got, err := collect(t, append(Device(fstest.MapFS{}, "1.2", "b")[1:], links0(fstest.MapFS{}))...); err != nil || len(got) != 0 {
		t.Errorf("of an empty file system %q is told, %v", got, err)
	}
	for name := range pi() {
		for _, rubbish := range []string{"", "x", "0xzz", "-", "1", strings.Repeat("9 ", 40000), "\x00\xff"} {
			root := pi()
			root[name] = file(rubbish)
			got, _ := collect(t, append(Device(root, "1.2", "b"), links0(root))...)
			if len(got) < 10 {
				t.Errorf("with %s = %.10q only %d samples are left", name, rubbish, len(got))
			}
		}
	}
}

func links0(root fs.FS) Collector { return Network(root, nil)[0] }

func TestFreeSpaceAndClock(t *testing.T) {
	got, err := collect(t, FreeSpace(t.TempDir()), Clock())
	if err != nil || len(got) < 2 || !strings.HasPrefix(got[0], "ata_storage_free_bytes{state} ") || !strings.HasPrefix(got[1], "ata_clock_synchronized{} ") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := collect(t, FreeSpace("/nowhere/at/all")); err == nil {
		t.Error("a folder that is not there has room")
	}
}

// fakeLine measures what it is told.
type fakeLine struct {
	slic.Line
	caps slic.Caps
	m    slic.Measurement
	err  error
}

func (f fakeLine) Caps() slic.Caps                    { return f.caps }
func (f fakeLine) Measure() (slic.Measurement, error) { return f.m, f.err }

func TestLines(t *testing.T) {
	st := func() agent.Status {
		return agent.Status{Clock: agent.ClockStatus{Running: true, Errors: 2}, Lines: []agent.LineStatus{
			{Line: 1, Enabled: true, PortUp: true, Registration: "registered", OffHook: true, Calls: []agent.CallStatus{
				{Call: 1, Answered: time.Unix(1, 0), Voice: agent.VoiceStatus{Buffer: .04}},
			}},
			{Line: 2, Enabled: true, Registration: "failed", LostEvents: 4},
			{Line: 3},
		}}
	}
	measured := fakeLine{caps: slic.Caps{Measure: true}, m: slic.Measurement{
		Tip: -5 * physic.Volt, Ring: -45 * physic.Volt, Battery: -52 * physic.Volt, Current: 21 * physic.MilliAmpere,
	}}
	got, err := collect(t, Lines(st), Loops(st, []slic.Line{measured, measured, measured, measured}))
	want := []string{
		"ata_pcm_clock_running{} 1", "ata_pcm_clock_errors_total{} 2",
		"ata_line_registered{1} 1", "ata_line_hook_state{1,off_hook} 1", "ata_line_hook_state{1,on_hook} 0", "ata_line_fault{1,out_of_service} 0",
		"ata_line_lost_events_total{1} 0", "ata_calls_active{1} 1", "ata_jitter_buffer_seconds{1} 0.04",
		"ata_line_registered{2} 0", "ata_line_hook_state{2,off_hook} 0", "ata_line_hook_state{2,on_hook} 1", "ata_line_fault{2,out_of_service} 1",
		"ata_line_lost_events_total{2} 4", "ata_calls_active{2} 0",
		"ata_line_voltage_volts{1,tip} -5", "ata_line_voltage_volts{1,ring} -45", "ata_line_voltage_volts{1,battery} -52", "ata_line_loop_current_amperes{1} 0.021",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, got\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got, err := collect(t, Loops(st, []slic.Line{fakeLine{caps: slic.Caps{Measure: true}, err: slic.ErrUnsupported}})); err != nil || got != nil {
		t.Errorf("a chip without this figure: %q, %v", got, err)
	}
	if _, err := collect(t, Loops(st, []slic.Line{fakeLine{caps: slic.Caps{Measure: true}, err: errors.New("bus")}})); err == nil || !strings.Contains(err.Error(), "line 1: bus") {
		t.Errorf("a bus that fails: %v", err)
	}
}

func TestCallsAddUp(t *testing.T) {
	a := &fakeAgent{lines: []agent.LineStatus{{Line: 1, Enabled: true}}}
	c := NewCalls(a.status, a.calls)
	up := call(7, true)
	up.Call = 7
	a.lines[0].Calls = []agent.CallStatus{up.CallStatus}
	get := func(name string) string {
		t.Helper()
		got, err := collect(t, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range got {
			if v, ok := strings.CutPrefix(line, name+" "); ok {
				return v
			}
		}
		return "nothing"
	}
	want := func(name, value string) {
		t.Helper()
		if got := get(name); got != value {
			t.Errorf("%s is %s, want %s", name, got, value)
		}
	}
	want("ata_rtp_packets_total{1,received}", "490") // the call is up
	want("ata_calls_total{1,outgoing,answered}", "0")
	a.end(up)
	want("ata_rtp_packets_total{1,received}", "490") // it ended and still is in the status
	a.lines[0].Calls = nil
	want("ata_rtp_packets_total{1,received}", "490")
	want("ata_rtp_packets_total{1,sent}", "500")
	want("ata_rtp_lost_packets_total{1}", "10")
	want("ata_rtp_discarded_packets_total{1}", "5")
	want("ata_calls_total{1,outgoing,answered}", "1")
	want("ata_call_mos_lq{PCMU}", "1 values")
	in := call(8, false)
	in.Incoming = true
	a.end(in)
	want("ata_calls_total{1,incoming,unanswered}", "1")
	want("ata_rtp_jitter_seconds{}", "1 values")
	if n := len(c.Ended()); n != 2 {
		t.Errorf("Ended gives %d calls, want 2", n)
	}
	a.past = nil
	if n := len(c.Ended()); n != 0 {
		t.Errorf("Ended gives %d calls again", n)
	}
	want("ata_calls_total{1,outgoing,answered}", "1")
}

func TestObserve(t *testing.T) {
	h := emptyHistogram(rtpJitter)
	for _, v := range []float64{0, .005, .0051, .1, 5} {
		observe(h, rtpJitter, v)
	}
	if want := []uint64{2, 1, 0, 0, 2}; !reflect.DeepEqual(h.Counts, want) || h.Count() != 5 {
		t.Errorf("counts %v, want %v", h.Counts, want)
	}
}

// netlinkMessage is a message with one attribute.
func netlinkMessage(kind uint16, body []byte, attribute uint16, value []byte) []byte {
	a := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	a = binary.NativeEndian.AppendUint16(a, attribute)
	a = append(append(a, value...), make([]byte, -len(value)&3)...)
	m := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)+len(a)))
	m = binary.NativeEndian.AppendUint16(m, kind)
	m = append(m, make([]byte, 10)...)
	return append(append(m, body...), a...)
}

func TestNetlink(t *testing.T) {
	link := make([]byte, syscall.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(link[4:], 2)
	names, err := linkNames(netlinkMessage(syscall.RTM_NEWLINK, link, syscall.IFLA_IFNAME, []byte("eth0\x00")))
	if err != nil || !reflect.DeepEqual(names, map[int]string{2: "eth0"}) {
		t.Fatalf("names %v, %v", names, err)
	}
	leased := []byte{syscall.AF_INET, 24, 0, 0, 2, 0, 0, 0}
	got, err := parseAddresses(netlinkMessage(syscall.RTM_NEWADDR, leased, syscall.IFA_ADDRESS, []byte{192, 0, 2, 7}), names)
	if want := []Address{{"eth0", netip.MustParsePrefix("192.0.2.7/24"), false, 0}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	all, err := KernelAddresses()
	if err != nil || len(all) == 0 {
		t.Errorf("the kernel tells %v, %v", all, err)
	}
}

func FuzzNetlink(f *testing.F) {
	f.Add(netlinkMessage(syscall.RTM_NEWADDR, []byte{2, 24, 0, 0, 2, 0, 0, 0}, syscall.IFA_ADDRESS, []byte{192, 0, 2, 7}))
	f.Fuzz(func(_ *testing.T, rib []byte) {
		_, _ = linkNames(rib)
		_, _ = parseAddresses(rib, nil)
	})
}

func FuzzFiles(f *testing.F) {
	f.Add("50005\n", "sys/block/mmcblk0/stat")
	f.Fuzz(func(_ *testing.T, content, name string) {
		root := pi()
		for n := range root {
			if n == name || name == "" {
				root[n] = file(content)
			}
		}
		s := &Samples{}
		for _, c := range append(Device(root, "1", "b"), links0(root)) {
			_ = c.Collect(s)
		}
	})
}
