package telemetry

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/mdlayher/wifi"
)

// fakeRadio answers as nl80211 does.
type fakeRadio struct {
	interfaces []*wifi.Interface
	info       map[string][]*wifi.StationInfo
	errs       map[string]error
}

func (f *fakeRadio) Interfaces() ([]*wifi.Interface, error) { return f.interfaces, f.errs[""] }
func (f *fakeRadio) StationInfo(i *wifi.Interface) ([]*wifi.StationInfo, error) {
	return f.info[i.Name], f.errs[i.Name]
}

func TestStations(t *testing.T) {
	broken := errors.New("broken")
	station := func(name string) *wifi.Interface {
		return &wifi.Interface{Name: name, Type: wifi.InterfaceTypeStation, Frequency: 5180}
	}
	f := &fakeRadio{
		interfaces: []*wifi.Interface{
			nil, station("wlan0"), station("wlan1"), station("wlan2"), station("wlan3"), {Name: "ap0", Type: wifi.InterfaceTypeAP}, {Type: wifi.InterfaceTypeStation},
		},
		info: map[string][]*wifi.StationInfo{
			"wlan0": {{Signal: -60, SignalAverage: -63, TransmitBitrate: 65e6, ReceiveBitrate: 72e6, TransmitRetries: 12}},
			"wlan3": {nil}, "ap0": {{Signal: -20}},
		},
		errs: map[string]error{"wlan1": os.ErrNotExist, "wlan2": broken},
	}
	got, err := stationsOf(f)
	want := []Station{{"wlan0", -63, 65e6, 72e6, 12, 5180}}
	if !slices.Equal(got, want) || !errors.Is(err, broken) {
		t.Errorf("stations are %+v, %v, want %+v", got, err, want)
	}
	f.errs[""] = broken
	if got, err := stationsOf(f); len(got) > 0 || !errors.Is(err, broken) {
		t.Errorf("a kernel that does not answer: %+v, %v", got, err)
	}
}

// TestKernelStations asks the real kernel, which may have no radio.
func TestKernelStations(t *testing.T) {
	if list, err := KernelStations(); err != nil && len(list) > 0 {
		t.Errorf("%+v and %v", list, err)
	}
}

// FuzzWireless: a driver may answer anything; what is told is possible, and bounded.
func FuzzWireless(f *testing.F) {
	f.Add("wlan0", -63, 65000000, 72000000, 12, 5180)
	f.Add("../../x", 1<<30, -1, 0, -5, 1<<30)
	f.Fuzz(func(t *testing.T, name string, signal, sent, received, retries, frequency int) {
		s := &Samples{}
		st := Station{name, signal, sent, received, retries, frequency}
		c := Wireless(func() ([]Station, error) { return slices.Repeat([]Station{st}, 20), nil })
		if err := c.Collect(s); err != nil {
			t.Fatal(err)
		}
		if len(s.items) > 5 || len(s.items) > 0 && !physical.MatchString(name) {
			t.Errorf("%d items of %q", len(s.items), name)
		}
		for _, i := range s.items {
			if i.Field == wifiSignal && (i.Value >= strongestSignal || i.Value < weakestSignal) || i.Field != wifiSignal && !(i.Value >= 0 && i.Value <= 1<<63) {
				t.Errorf("%+v", i)
			}
		}
	})
}
