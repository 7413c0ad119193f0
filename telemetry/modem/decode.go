package modem

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/godbus/dbus/v5"
)

// Interfaces of ModemManager.
const (
	modemInterface  = "org.freedesktop.ModemManager1.Modem"
	networks        = modemInterface + ".Modem3gpp"
	signalInterface = modemInterface + ".Signal"
)

// objects is what GetManagedObjects of org.freedesktop.DBus.ObjectManager
// answers: the properties of each interface of each object.
type objects map[dbus.ObjectPath]map[string]properties

type properties map[string]dbus.Variant

// modemLimit is how many modems are looked at: a device has one or two.
const modemLimit = 8

// best returns the modem that tells most about the way calls take; ok is false
// where there is none. What has the wrong type is left out and an error.
func (o objects) best() (m Modem, ok bool, err error) {
	var errs []error
	seen := 0
	for _, path := range slices.Sorted(maps.Keys(o)) {
		interfaces := o[path]
		if interfaces[modemInterface] == nil {
			continue
		}
		if seen++; seen > modemLimit {
			errs = append(errs, fmt.Errorf("more than %d modems", modemLimit))
			break
		}
		next, err := decode(interfaces)
		errs = append(errs, err)
		if !ok || next.better(m) {
			m, ok = next, true
		}
	}
	return m, ok, errors.Join(errs...)
}

// decode reads the few properties that a Modem has room for.
func decode(interfaces map[string]properties) (m Modem, err error) {
	var errs [4]error
	m.State, errs[0] = state(interfaces[modemInterface])
	m.Technologies, errs[1] = technologies(interfaces[modemInterface])
	m.Operator, errs[2] = operator(interfaces[networks])
	m.Signals, errs[3] = signals(interfaces[signalInterface])
	return m, errors.Join(errs[:]...)
}

// property returns a property of a type; ok is false where it is not there.
func property[T any](p properties, name string) (v T, ok bool, err error) {
	variant, there := p[name]
	if !there {
		return v, false, nil
	}
	v, ok = variant.Value().(T)
	if !ok {
		return v, false, fmt.Errorf("%s is of type %.16s", name, variant.Signature())
	}
	return v, true, nil
}

func state(p properties) (State, error) {
	n, ok, err := property[int32](p, "State")
	if !ok {
		return "", err
	}
	if n < -1 || int(n) >= len(states)-1 {
		return "", fmt.Errorf("State is %d", n)
	}
	return states[n+1], nil
}

// generations are the bits of MMModemAccessTechnology that belong to each
// technology. A POTS modem (bit 0) is no mobile one.
var generations = [len(Technologies)]uint32{
	1<<1 | 1<<2 | 1<<3 | 1<<4,        // GSM, GSM compact, GPRS, EDGE
	1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9, // UMTS, HSDPA, HSUPA, HSPA, HSPA+
	1<<10 | 1<<11 | 1<<12 | 1<<13,    // 1xRTT, EV-DO 0, A, B
	1<<14 | 1<<16 | 1<<17,            // LTE, LTE-M, NB-IoT
	1 << 15,
}

func technologies(p properties) (list []Technology, err error) {
	bits, _, err := property[uint32](p, "AccessTechnologies")
	for i, t := range Technologies {
		if bits&generations[i] != 0 {
			list = append(list, t)
		}
	}
	return list, err
}

// operatorLimit is longer than any operator's name, in bytes.
const operatorLimit = 64

func operator(p properties) (string, error) {
	name, _, err := property[string](p, "OperatorName")
	if len(name) > operatorLimit || !utf8.ValidString(name) {
		return "", fmt.Errorf("OperatorName of %d bytes is no name", len(name))
	}
	return name, err
}

// tables are the properties of the Signal interface. 1xRTT and EV-DO are both
// CDMA; the network that carries data is EV-DO.
var tables = [len(Technologies)]string{"Gsm", "Umts", "Evdo", "Lte", "Nr5g"}

// names of the figures in a table.
var names = [len(Kinds)]string{"rssi", "rsrp", "rsrq", "snr"}

// limits are what the figures can be: the least and greatest that 3GPP TS 38.133
// §10.1 has reports for, and for RSSI the noise of a narrow channel and a
// transmitter that touches the antenna.
var limits = [len(Kinds)]struct{ least, greatest float64 }{{-130, 0}, {-156, -31}, {-43, 20}, {-43, 60}}

func signals(p properties) (list []Signal, err error) {
	var errs []error
	for i, t := range Technologies {
		table, _, err := property[map[string]dbus.Variant](p, tables[i])
		errs = append(errs, err)
		for j, k := range Kinds {
			v, ok, err := property[float64](table, names[j])
			errs = append(errs, err)
			if ok && v >= limits[j].least && v <= limits[j].greatest { // a figure it does not know is far below
				list = append(list, Signal{t, k, v})
			}
		}
	}
	return list, errors.Join(errs...)
}
