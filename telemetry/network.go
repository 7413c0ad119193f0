package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"path"
	"regexp"
	"syscall"
	"time"
	"unsafe"
)

// interfaceLimit is how many interfaces are told.
const interfaceLimit = 4

// physical are the names that the kernel and udev give to interfaces of
// hardware; bridges, tunnels and containers are none of the receiver's business.
var physical = regexp.MustCompile(`^(eth|end|en[ospx]|wlan|wl[ospx]|wwan|ww[ospx]|usb|ppp)[0-9a-zA-Z]{0,14}$`)

// Address is an address of an interface.
type Address struct {
	Interface string
	Prefix    netip.Prefix
	Permanent bool // has no lifetime: it was set, not leased
	// Left is for how long it is still valid, 0 for one without an end.
	Left time.Duration
}

// Network tells the state of the interfaces. Addresses reads theirs,
// [KernelAddresses] where there is no reason for another.
func Network(root fs.FS, addresses func() ([]Address, error)) []Collector {
	return []Collector{
		NewCollector("links", func(s *Samples) error { return links(s, root) }),
		NewCollector("addresses", func(s *Samples) error { return networkAddresses(s, addresses) }),
	}
}

func links(s *Samples, root fs.FS) error {
	dirs, err := fs.Glob(root, "sys/class/net/*")
	if err != nil {
		return err
	}
	var errs []error
	told := 0
	for _, dir := range dirs {
		if physical.MatchString(path.Base(dir)) && told < interfaceLimit {
			told++
			errs = append(errs, link(s, root, dir))
		}
	}
	return errors.Join(errs...)
}

func link(s *Samples, root fs.FS, dir string) error {
	name := path.Base(dir)
	state, err := readText(root, dir+"/operstate")
	if err != nil {
		return err
	}
	s.Flag(networkUp, state == "up", name)
	var errs []error
	number := func(file string, use func(float64)) {
		v, ok, err := readNumber(root, dir+"/"+file)
		if ok {
			use(v)
		}
		errs = append(errs, err)
	}
	number("speed", func(v float64) {
		if v > 0 { // -1: no link
			s.Set(networkSpeed, v*1e6, name) // in Mbit/s
		}
	})
	number("statistics/rx_bytes", func(v float64) { s.Set(networkReceived, v, name) })
	number("statistics/rx_errors", func(v float64) { s.Set(networkErrors, v, name, "received") })
	number("statistics/tx_errors", func(v float64) { s.Set(networkErrors, v, name, "sent") })
	return errors.Join(errs...)
}

func networkAddresses(s *Samples, read func() ([]Address, error)) error {
	list, err := read()
	if err != nil {
		return err
	}
	type info struct{ iface, family, method string }
	seen := map[info]bool{}
	prefixes, leased := map[string]bool{}, map[string]bool{}
	for _, a := range list {
		ip := a.Prefix.Addr()
		if !physical.MatchString(a.Interface) || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			continue
		}
		if i := (info{a.Interface, family(ip), method(a)}); !seen[i] && len(seen) < 2*interfaceLimit {
			seen[i] = true
			s.Info(networkAddress, i.iface, i.family, i.method)
		}
		if a.Left > 0 && ip.Is4() && !leased[a.Interface] && len(leased) < interfaceLimit {
			leased[a.Interface] = true
			s.Set(dhcpLease, a.Left.Seconds(), a.Interface)
		}
		if key := a.Interface + networkOf(ip).String(); !prefixes[key] && len(prefixes) < interfaceLimit {
			prefixes[key] = true
			s.Info(networkPrefix, a.Interface, ip.String()) // the filter cuts it to the network
		}
	}
	return nil
}

// networkOf is the part of an address that the filter leaves.
func networkOf(ip netip.Addr) netip.Prefix {
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	return netip.PrefixFrom(ip, bits).Masked()
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "ipv4"
	}
	return "ipv6"
}

func method(a Address) string {
	switch {
	case a.Permanent:
		return "static"
	case a.Prefix.Addr().Is4():
		return "dhcp"
	}
	return "slaac"
}

// KernelAddresses asks the kernel for the addresses of all interfaces.
func KernelAddresses() ([]Address, error) {
	links, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("netlink: links: %w", err)
	}
	names, err := linkNames(links)
	if err != nil {
		return nil, err
	}
	rib, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("netlink: addresses: %w", err)
	}
	return parseAddresses(rib, names)
}

func linkNames(rib []byte) (map[int]string, error) {
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return nil, fmt.Errorf("netlink: links: %w", err)
	}
	names := map[int]string{}
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWLINK || len(m.Data) < syscall.SizeofIfInfomsg {
			continue
		}
		index := (*syscall.IfInfomsg)(unsafe.Pointer(&m.Data[0])).Index
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return nil, fmt.Errorf("netlink: links: %w", err)
		}
		for _, a := range attributes {
			if a.Attr.Type == syscall.IFLA_IFNAME && len(a.Value) > 0 {
				names[int(index)] = string(a.Value[:len(a.Value)-1])
			}
		}
	}
	return names, nil
}

func parseAddresses(rib []byte, names map[int]string) ([]Address, error) {
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return nil, fmt.Errorf("netlink: addresses: %w", err)
	}
	var list []Address
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWADDR || len(m.Data) < syscall.SizeofIfAddrmsg {
			continue
		}
		head := (*syscall.IfAddrmsg)(unsafe.Pointer(&m.Data[0]))
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return nil, fmt.Errorf("netlink: addresses: %w", err)
		}
		if ip, ok := netip.AddrFromSlice(attribute(attributes, syscall.IFA_ADDRESS)); ok {
			list = append(list, Address{
				names[int(head.Index)], netip.PrefixFrom(ip, int(head.Prefixlen)), head.Flags&syscall.IFA_F_PERMANENT != 0,
				lifetime(attribute(attributes, syscall.IFA_CACHEINFO)),
			})
		}
	}
	return list, nil
}

// attribute is the value of an attribute, nil if it is not there.
func attribute(list []syscall.NetlinkRouteAttr, kind uint16) []byte {
	for _, a := range list {
		if a.Attr.Type == kind {
			return a.Value
		}
	}
	return nil
}

// forever is the lifetime of an address without an end (linux/if_addr.h).
const forever = math.MaxUint32

// lifetime is for how long an address is valid: the second word of struct
// ifa_cacheinfo, in seconds.
func lifetime(cacheInfo []byte) time.Duration {
	if len(cacheInfo) < 8 {
		return 0
	}
	seconds := binary.NativeEndian.Uint32(cacheInfo[4:])
	if seconds == forever {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
