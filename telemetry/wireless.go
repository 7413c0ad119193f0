package telemetry

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mdlayher/wifi"
)

// wirelessWait bounds what the kernel may take to answer.
const wirelessWait = time.Second

// What radios can be believed to measure.
const (
	weakestSignal   = -120 // dBm
	strongestSignal = 0
	mostBitrate     = 100e9
	mostFrequency   = 100e9 // Hz
)

// Station is a radio link to an access point. Its name and address are location data
// and not here.
type Station struct {
	Interface string
	Signal    int // dBm, mean if the driver has one; 0 = not known
	Sent      int // bit/s, 0 = not known
	Received  int
	Retries   int // of frames sent since the link came up
	Frequency int // MHz, 0 = not known
}

// Wireless tells how good the radio links are. Stations reads them, [KernelStations]
// where there is no reason for another. What no radio can have measured is left out.
func Wireless(stations func() ([]Station, error)) Collector {
	return NewCollector("wireless", func(s *Samples) error {
		list, err := stations()
		told := map[string]bool{}
		for _, st := range list {
			if physical.MatchString(st.Interface) && !told[st.Interface] && len(told) < interfaceLimit {
				told[st.Interface] = true
				station(s, st)
			}
		}
		return err
	})
}

func station(s *Samples, st Station) {
	if st.Signal >= weakestSignal && st.Signal < strongestSignal {
		s.Set(wifiSignal, float64(st.Signal), st.Interface)
	}
	for way, rate := range map[string]int{"sent": st.Sent, "received": st.Received} {
		if rate > 0 && float64(rate) <= mostBitrate {
			s.Set(wifiBitrate, float64(rate), st.Interface, way)
		}
	}
	if st.Retries >= 0 {
		s.Set(wifiRetries, float64(st.Retries), st.Interface)
	}
	if hertz := float64(st.Frequency) * 1e6; hertz > 0 && hertz <= mostFrequency {
		s.Set(wifiFrequency, hertz, st.Interface)
	}
}

// nl80211 is what [wifi.Client] answers.
type nl80211 interface {
	Interfaces() ([]*wifi.Interface, error)
	StationInfo(*wifi.Interface) ([]*wifi.StationInfo, error)
}

// KernelStations asks the kernel by nl80211. A computer without radio has none.
func KernelStations() ([]Station, error) {
	client, err := wifi.New()
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("telemetry: open nl80211: %w", err)
	}
	defer func() { _ = client.Close() }()
	if err := client.SetDeadline(time.Now().Add(wirelessWait)); err != nil {
		return nil, fmt.Errorf("telemetry: nl80211: %w", err)
	}
	return stationsOf(client)
}

func stationsOf(kernel nl80211) (list []Station, err error) {
	interfaces, err := kernel.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("telemetry: wireless interfaces: %w", err)
	}
	var errs []error
	for _, i := range interfaces {
		if i == nil || i.Type != wifi.InterfaceTypeStation || i.Name == "" {
			continue
		}
		info, err := kernel.StationInfo(i)
		switch {
		case errors.Is(err, os.ErrNotExist): // not associated
		case err != nil:
			errs = append(errs, fmt.Errorf("telemetry: station of %s: %w", i.Name, err))
		case len(info) > 0 && info[0] != nil:
			list = append(list, stationOf(i, info[0]))
		}
	}
	return list, errors.Join(errs...)
}

func stationOf(i *wifi.Interface, s *wifi.StationInfo) Station {
	signal := s.SignalAverage
	if signal == 0 {
		signal = s.Signal
	}
	return Station{i.Name, signal, s.TransmitBitrate, s.ReceiveBitrate, s.TransmitRetries, i.Frequency}
}
