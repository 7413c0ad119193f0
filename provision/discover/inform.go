package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
)

const (
	informTries = 3
	informWait  = 2 * time.Second
)

// Inform asks the DHCP server of an interface for options without taking an
// address (RFC 2131 §3.4). class is option 60. It needs CAP_NET_RAW.
func Inform(ctx context.Context, iface, class string) (Options, error) {
	address, err := addressOf(iface)
	if err != nil {
		return nil, fmt.Errorf("discover: inform on %s: %w", iface, err)
	}
	c, err := nclient4.New(iface, nclient4.WithTimeout(informWait), nclient4.WithRetry(informTries))
	if err != nil {
		return nil, fmt.Errorf("discover: inform on %s: %w", iface, err)
	}
	defer func() { _ = c.Close() }()
	codes := make([]dhcpv4.OptionCode, len(Asked))
	for i, code := range Asked {
		codes[i] = dhcpv4.GenericOptionCode(code)
	}
	answer, err := c.Inform(ctx, address, dhcpv4.WithRequestedOptions(codes...), dhcpv4.WithOption(dhcpv4.OptClassIdentifier(class)))
	if err != nil {
		return nil, fmt.Errorf("discover: inform on %s: %w", iface, err)
	}
	return Packet(answer.ToBytes()), nil
}

// InformAny asks on every interface that is up and has an IPv4 address, until one
// answers.
func InformAny(ctx context.Context, class string) (Options, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("discover: inform: %w", err)
	}
	err = errors.New("discover: inform: there is no network")
	for _, i := range list {
		if i.Flags&(net.FlagUp|net.FlagLoopback|net.FlagPointToPoint) != net.FlagUp {
			continue
		}
		var o Options
		if o, err = Inform(ctx, i.Name, class); err == nil {
			return o, nil
		}
	}
	return nil, err
}

// addressOf is the first IPv4 address of an interface.
func addressOf(iface string) (net.IP, error) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, err
	}
	addrs, err := i.Addrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			return n.IP.To4(), nil
		}
	}
	return nil, errors.New("it has no IPv4 address")
}
