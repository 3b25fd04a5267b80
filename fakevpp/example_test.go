package fakevpp_test

import (
	"fmt"
	"log"

	"go.fd.io/govpp/api"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// A first test: connect without sockets, create a loopback, see it in the dump.
func Example() {
	vpp, err := fakevpp.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = vpp.Close() }()
	conn, err := vpp.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Disconnect()
	ch, err := conn.NewAPIChannel()
	if err != nil {
		log.Fatal(err)
	}
	defer ch.Close()

	loop := new(interfaces.CreateLoopbackReply)
	if err := ch.SendRequest(new(interfaces.CreateLoopback)).ReceiveReply(loop); err != nil {
		log.Fatal(err)
	}
	dump := ch.SendMultiRequest(&interfaces.SwInterfaceDump{SwIfIndex: ^interface_types.InterfaceIndex(0)})
	for {
		details := new(interfaces.SwInterfaceDetails)
		last, err := dump.ReceiveReply(details)
		if err != nil {
			log.Fatal(err)
		}
		if last {
			break
		}
		fmt.Println(details.SwIfIndex, details.InterfaceName)
	}
	// Output:
	// 0 local0
	// 1 loop0
}

// The second create_loopback fails; the test sees what the program under test
// makes of it.
func ExampleVPP_Intercept() {
	vpp, err := fakevpp.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = vpp.Close() }()
	conn, err := vpp.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Disconnect()
	ch, err := conn.NewAPIChannel()
	if err != nil {
		log.Fatal(err)
	}
	defer ch.Close()

	vpp.Intercept("create_loopback", fakevpp.Nth(2), fakevpp.Fail(vnet.ErrUnspecified))
	for range 3 {
		err := ch.SendRequest(new(interfaces.CreateLoopback)).ReceiveReply(new(interfaces.CreateLoopbackReply))
		fmt.Println(err == nil, err == api.VPPApiError(vnet.ErrUnspecified))
	}
	for _, call := range vpp.Calls() {
		fmt.Println(call)
	}
	// Output:
	// true false
	// false true
	// true false
	// create_loopback{} = 0
	// create_loopback{} = -1
	// create_loopback{} = 0
}
