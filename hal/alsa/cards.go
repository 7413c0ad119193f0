package alsa

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/ata-agent/ata-agent/hal/alsa/abi"
)

// ErrNoCard is returned when the machine has no card of the id.
var ErrNoCard = errors.New("no such card")

// Card is a sound card.
type Card struct {
	Index  int    // may change from boot to boot
	ID     string // names the card in a configuration
	Driver string
	Name   string
}

// Cards lists the sound cards of the machine.
func Cards() ([]Card, error) { return listCards(newSystem()) }

func listCards(k Kernel) ([]Card, error) {
	paths, err := k.Cards()
	if err != nil {
		return nil, fmt.Errorf("alsa: list cards: %w", err)
	}
	var all []Card
	var failed []error
	for _, path := range paths {
		c, err := describe(k, path)
		if err != nil {
			failed = append(failed, fmt.Errorf("alsa: describe %s: %w", path, err))
			continue
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Card) int { return cmp.Compare(a.Index, b.Index) })
	if len(all) == 0 {
		return nil, errors.Join(failed...)
	}
	return all, nil // a card that is going away is not there any more
}

func describe(k Kernel, path string) (Card, error) {
	fd, err := k.Open(path)
	if err != nil {
		return Card{}, err
	}
	var info abi.CardInfo
	err = k.Ioctl(fd, abi.CallCardInfo, unsafe.Pointer(&info))
	if err := errors.Join(err, k.Close(fd)); err != nil {
		return Card{}, err
	}
	return Card{
		Index:  int(info.Card),
		ID:     text(info.ID[:]),
		Driver: text(info.Driver[:]),
		Name:   text(info.Name[:]),
	}, nil
}

func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// findCard returns the number of the card with the id.
func findCard(k Kernel, id string) (int, error) {
	all, err := listCards(k)
	if err != nil {
		return 0, err
	}
	ids := make([]string, len(all))
	for i, c := range all {
		if c.ID == id {
			return c.Index, nil
		}
		ids[i] = c.ID
	}
	return 0, fmt.Errorf("alsa: card %q: %w (the machine has: %s)", id, ErrNoCard, strings.Join(ids, ", "))
}
