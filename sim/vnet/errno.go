package vnet

import "strconv"

// APIError is an error of VPP's binary API: the negative number that a reply
// carries as its retval. Names, numbers and texts are VPP's (src/vnet/error.h);
// a number that has no name here is still an APIError.
type APIError int32

// Error is VPP's text for the error with its number, as clients know it, for
// example "No such FIB / VRF (-3)".
func (e APIError) Error() string {
	text := apiErrorText[e]
	if text == "" {
		text = "Unknown error"
	}
	return text + " (" + strconv.Itoa(int(e)) + ")"
}

// Text is VPP's text for the error without the number, as its CLI prints it;
// empty for a number without a name.
func (e APIError) Text() string { return apiErrorText[e] }

// The errors of VPP's API.
const (
	ErrUnspecified                    APIError = -1
	ErrInvalidSwIfIndex               APIError = -2
	ErrNoSuchFIB                      APIError = -3
	ErrNoSuchInnerFIB                 APIError = -4
	ErrNoSuchLabel                    APIError = -5
	ErrNoSuchEntry                    APIError = -6
	ErrInvalidValue                   APIError = -7
	ErrInvalidValue2                  APIError = -8
	ErrUnimplemented                  APIError = -9
	ErrInvalidSwIfIndex2              APIError = -10
	ErrSyscall1                       APIError = -11
	ErrSyscall2                       APIError = -12
	ErrSyscall3                       APIError = -13
	ErrSyscall4                       APIError = -14
	ErrSyscall5                       APIError = -15
	ErrSyscall6                       APIError = -16
	ErrSyscall7                       APIError = -17
	ErrSyscall8                       APIError = -18
	ErrSyscall9                       APIError = -19
	ErrSyscall10                      APIError = -20
	ErrFeatureDisabled                APIError = -30
	ErrInvalidRegistration            APIError = -31
	ErrNextHopNotInFIB                APIError = -50
	ErrUnknownDestination             APIError = -51
	ErrNoPathsInRoute                 APIError = -52
	ErrNextHopNotFoundMP              APIError = -53
	ErrNoMatchingInterface            APIError = -54
	ErrInvalidVLAN                    APIError = -55
	ErrVLANAlreadyExists              APIError = -56
	ErrInvalidSrcAddress              APIError = -57
	ErrInvalidDstAddress              APIError = -58
	ErrAddressLengthMismatch          APIError = -59
	ErrAddressNotFoundForInterface    APIError = -60
	ErrAddressNotDeletable            APIError = -61
	ErrIP6NotEnabled                  APIError = -62
	ErrNoSuchNode                     APIError = -63
	ErrNoSuchNode2                    APIError = -64
	ErrNoSuchTable                    APIError = -65
	ErrNoSuchTable2                   APIError = -66
	ErrNoSuchTable3                   APIError = -67
	ErrSubifAlreadyExists             APIError = -68
	ErrSubifCreateFailed              APIError = -69
	ErrInvalidMemorySize              APIError = -70
	ErrInvalidInterface               APIError = -71
	ErrInvalidVLANTagCount            APIError = -72
	ErrInvalidArgument                APIError = -73
	ErrUnexpectedIntfState            APIError = -74
	ErrTunnelExist                    APIError = -75
	ErrInvalidDecapNext               APIError = -76
	ErrResponseNotReady               APIError = -77
	ErrNotConnected                   APIError = -78
	ErrIfAlreadyExists                APIError = -79
	ErrBondSlaveNotAllowed            APIError = -80
	ErrValueExist                     APIError = -81
	ErrSameSrcDst                     APIError = -82
	ErrIP6MulticastAddressNotPresent  APIError = -83
	ErrSRPolicyNameNotPresent         APIError = -84
	ErrNotRunningAsRoot               APIError = -85
	ErrAlreadyConnected               APIError = -86
	ErrUnsupportedJNIVersion          APIError = -87
	ErrIPPrefixInvalid                APIError = -88
	ErrInvalidWorker                  APIError = -89
	ErrLISPDisabled                   APIError = -90
	ErrClassifyTableNotFound          APIError = -91
	ErrInvalidEIDType                 APIError = -92
	ErrCannotCreatePCAPFile           APIError = -93
	ErrIncorrectAdjacencyType         APIError = -94
	ErrExceededNumberOfRangesCapacity APIError = -95
	ErrExceededNumberOfPortsCapacity  APIError = -96
	ErrInvalidAddressFamily           APIError = -97
	ErrInvalidSubSwIfIndex            APIError = -98
	ErrTableTooBig                    APIError = -99
	ErrCannotEnableDisableFeature     APIError = -100
	ErrBFDExist                       APIError = -101
	ErrBFDNoEntry                     APIError = -102
	ErrBFDInUse                       APIError = -103
	ErrBFDNotSupported                APIError = -104
	ErrAddressInUse                   APIError = -105
	ErrAddressNotInUse                APIError = -106
	ErrQueueFull                      APIError = -107
	ErrAppUnsupportedCfg              APIError = -108
	ErrURIFifoCreateFailed            APIError = -109
	ErrLISPRLOCLocal                  APIError = -110
	ErrBFDAgain                       APIError = -111
	ErrInvalidGPEMode                 APIError = -112
	ErrLISPGPEEntriesPresent          APIError = -113
	ErrAddressFoundForInterface       APIError = -114
	ErrSessionConnect                 APIError = -115
	ErrEntryAlreadyExists             APIError = -116
	ErrSVMSegmentCreateFail           APIError = -117
	ErrApplicationNotAttached         APIError = -118
	ErrBDAlreadyExists                APIError = -119
	ErrBDInUse                        APIError = -120
	ErrBDNotModifiable                APIError = -121
	ErrBDIDExceedMax                  APIError = -122
	ErrSubifDoesntExist               APIError = -123
	ErrL2MACSEventClientPresent       APIError = -124
	ErrInvalidQueue                   APIError = -125
	ErrUnsupported                    APIError = -126
	ErrDuplicateIfAddress             APIError = -127
	ErrAppInvalidNS                   APIError = -128
	ErrAppWrongNSSecret               APIError = -129
	ErrAppConnectScope                APIError = -130
	ErrAppAlreadyAttached             APIError = -131
	ErrSessionRedirect                APIError = -132
	ErrIllegalName                    APIError = -133
	ErrNoNameServers                  APIError = -134
	ErrNameServerNotFound             APIError = -135
	ErrNameResolutionNotEnabled       APIError = -136
	ErrNameServerFormatError          APIError = -137
	ErrNameServerNoSuchName           APIError = -138
	ErrNameServerNoAddresses          APIError = -139
	ErrNameServerNextServer           APIError = -140
	ErrAppConnectFiltered             APIError = -141
	ErrACLInUseInbound                APIError = -142
	ErrACLInUseOutbound               APIError = -143
	ErrInitFailed                     APIError = -144
	ErrNetlinkError                   APIError = -145
	ErrBIERBSLUnsup                   APIError = -146
	ErrInstanceInUse                  APIError = -147
	ErrInvalidSessionID               APIError = -148
	ErrACLInUseByLookupContext        APIError = -149
	ErrInvalidValue3                  APIError = -150
	ErrNonEthernet                    APIError = -151
	ErrBDAlreadyHasBvi                APIError = -152
	ErrInvalidProtocol                APIError = -153
	ErrInvalidAlgorithm               APIError = -154
	ErrResourceInUse                  APIError = -155
	ErrKeyLength                      APIError = -156
	ErrFIBPathUnsupportedNhProto      APIError = -157
	ErrAPIEndianFailed                APIError = -159
	ErrNoChange                       APIError = -160
	ErrMissingCertKey                 APIError = -161
	ErrLimitExceeded                  APIError = -162
	ErrIKENoPort                      APIError = -163
	ErrUDPPortTaken                   APIError = -164
	ErrAgain                          APIError = -165
	ErrInvalidValue4                  APIError = -166
	ErrBusy                           APIError = -167
	ErrBug                            APIError = -168
	ErrFeatureAlreadyDisabled         APIError = -169
	ErrFeatureAlreadyEnabled          APIError = -170
	ErrInvalidPrefixLength            APIError = -171
)

var apiErrorText = map[APIError]string{
	ErrUnspecified:                    "Unspecified Error",
	ErrInvalidSwIfIndex:               "Invalid sw_if_index",
	ErrNoSuchFIB:                      "No such FIB / VRF",
	ErrNoSuchInnerFIB:                 "No such inner FIB / VRF",
	ErrNoSuchLabel:                    "No such label",
	ErrNoSuchEntry:                    "No such entry",
	ErrInvalidValue:                   "Invalid value",
	ErrInvalidValue2:                  "Invalid value #2",
	ErrUnimplemented:                  "Unimplemented",
	ErrInvalidSwIfIndex2:              "Invalid sw_if_index #2",
	ErrSyscall1:                       "System call error #1",
	ErrSyscall2:                       "System call error #2",
	ErrSyscall3:                       "System call error #3",
	ErrSyscall4:                       "System call error #4",
	ErrSyscall5:                       "System call error #5",
	ErrSyscall6:                       "System call error #6",
	ErrSyscall7:                       "System call error #7",
	ErrSyscall8:                       "System call error #8",
	ErrSyscall9:                       "System call error #9",
	ErrSyscall10:                      "System call error #10",
	ErrFeatureDisabled:                "Feature disabled by configuration",
	ErrInvalidRegistration:            "Invalid registration",
	ErrNextHopNotInFIB:                "Next hop not in FIB",
	ErrUnknownDestination:             "Unknown destination",
	ErrNoPathsInRoute:                 "No paths specified in route",
	ErrNextHopNotFoundMP:              "Next hop not found (multipath)",
	ErrNoMatchingInterface:            "No matching interface for probe",
	ErrInvalidVLAN:                    "Invalid VLAN",
	ErrVLANAlreadyExists:              "VLAN subif already exists",
	ErrInvalidSrcAddress:              "Invalid src address",
	ErrInvalidDstAddress:              "Invalid dst address",
	ErrAddressLengthMismatch:          "Address length mismatch",
	ErrAddressNotFoundForInterface:    "Address not found for interface",
	ErrAddressNotDeletable:            "Address not deletable",
	ErrIP6NotEnabled:                  "ip6 not enabled",
	ErrNoSuchNode:                     "No such graph node",
	ErrNoSuchNode2:                    "No such graph node #2",
	ErrNoSuchTable:                    "No such table",
	ErrNoSuchTable2:                   "No such table #2",
	ErrNoSuchTable3:                   "No such table #3",
	ErrSubifAlreadyExists:             "Subinterface already exists",
	ErrSubifCreateFailed:              "Subinterface creation failed",
	ErrInvalidMemorySize:              "Invalid memory size requested",
	ErrInvalidInterface:               "Invalid interface",
	ErrInvalidVLANTagCount:            "Invalid number of tags for requested operation",
	ErrInvalidArgument:                "Invalid argument",
	ErrUnexpectedIntfState:            "Unexpected interface state",
	ErrTunnelExist:                    "Tunnel already exists",
	ErrInvalidDecapNext:               "Invalid decap-next",
	ErrResponseNotReady:               "Response not ready",
	ErrNotConnected:                   "Not connected to the data plane",
	ErrIfAlreadyExists:                "Interface already exists",
	ErrBondSlaveNotAllowed:            "Operation not allowed on slave of BondEthernet",
	ErrValueExist:                     "Value already exists",
	ErrSameSrcDst:                     "Source and destination are the same",
	ErrIP6MulticastAddressNotPresent:  "IP6 multicast address required",
	ErrSRPolicyNameNotPresent:         "Segment routing policy name required",
	ErrNotRunningAsRoot:               "Not running as root",
	ErrAlreadyConnected:               "Connection to the data plane already exists",
	ErrUnsupportedJNIVersion:          "Unsupported JNI version",
	ErrIPPrefixInvalid:                "IP prefix invalid (masked bits set in address",
	ErrInvalidWorker:                  "Invalid worker thread",
	ErrLISPDisabled:                   "LISP is disabled",
	ErrClassifyTableNotFound:          "Classify table not found",
	ErrInvalidEIDType:                 "Unsupported LISP EID type",
	ErrCannotCreatePCAPFile:           "Cannot create pcap file",
	ErrIncorrectAdjacencyType:         "Invalid adjacency type for this operation",
	ErrExceededNumberOfRangesCapacity: "Operation would exceed configured capacity of ranges",
	ErrExceededNumberOfPortsCapacity:  "Operation would exceed capacity of number of ports",
	ErrInvalidAddressFamily:           "Invalid address family",
	ErrInvalidSubSwIfIndex:            "Invalid sub-interface sw_if_index",
	ErrTableTooBig:                    "Table too big",
	ErrCannotEnableDisableFeature:     "Cannot enable/disable feature",
	ErrBFDExist:                       "Duplicate BFD object",
	ErrBFDNoEntry:                     "No such BFD object",
	ErrBFDInUse:                       "BFD object in use",
	ErrBFDNotSupported:                "BFD feature not supported",
	ErrAddressInUse:                   "Address in use",
	ErrAddressNotInUse:                "Address not in use",
	ErrQueueFull:                      "Queue full",
	ErrAppUnsupportedCfg:              "Unsupported application config",
	ErrURIFifoCreateFailed:            "URI FIFO segment create failed",
	ErrLISPRLOCLocal:                  "RLOC address is local",
	ErrBFDAgain:                       "BFD object cannot be manipulated at this time",
	ErrInvalidGPEMode:                 "Invalid GPE mode",
	ErrLISPGPEEntriesPresent:          "LISP GPE entries are present",
	ErrAddressFoundForInterface:       "Address found for interface",
	ErrSessionConnect:                 "Session failed to connect",
	ErrEntryAlreadyExists:             "Entry already exists",
	ErrSVMSegmentCreateFail:           "Svm segment create fail",
	ErrApplicationNotAttached:         "Application not attached",
	ErrBDAlreadyExists:                "Bridge domain already exists",
	ErrBDInUse:                        "Bridge domain has member interfaces",
	ErrBDNotModifiable:                "Bridge domain 0 can't be deleted/modified",
	ErrBDIDExceedMax:                  "Bridge domain ID exceeds 16M limit",
	ErrSubifDoesntExist:               "Subinterface doesn't exist",
	ErrL2MACSEventClientPresent:       "Client already exist for L2 MACs events",
	ErrInvalidQueue:                   "Invalid queue",
	ErrUnsupported:                    "Unsupported",
	ErrDuplicateIfAddress:             "Address already present on another interface",
	ErrAppInvalidNS:                   "Invalid application namespace",
	ErrAppWrongNSSecret:               "Wrong app namespace secret",
	ErrAppConnectScope:                "Connect scope",
	ErrAppAlreadyAttached:             "App already attached",
	ErrSessionRedirect:                "Redirect failed",
	ErrIllegalName:                    "Illegal name",
	ErrNoNameServers:                  "No name servers configured",
	ErrNameServerNotFound:             "Name server not found",
	ErrNameResolutionNotEnabled:       "Name resolution not enabled",
	ErrNameServerFormatError:          "Server format error (bug!)",
	ErrNameServerNoSuchName:           "No such name",
	ErrNameServerNoAddresses:          "No addresses available",
	ErrNameServerNextServer:           "Retry with new server",
	ErrAppConnectFiltered:             "Connect was filtered",
	ErrACLInUseInbound:                "Inbound ACL in use",
	ErrACLInUseOutbound:               "Outbound ACL in use",
	ErrInitFailed:                     "Initialization Failed",
	ErrNetlinkError:                   "Netlink error",
	ErrBIERBSLUnsup:                   "BIER bit-string-length unsupported",
	ErrInstanceInUse:                  "Instance in use",
	ErrInvalidSessionID:               "Session ID out of range",
	ErrACLInUseByLookupContext:        "ACL in use by a lookup context",
	ErrInvalidValue3:                  "Invalid value #3",
	ErrNonEthernet:                    "Interface is not an Ethernet interface",
	ErrBDAlreadyHasBvi:                "Bridge domain already has a BVI interface",
	ErrInvalidProtocol:                "Invalid Protocol",
	ErrInvalidAlgorithm:               "Invalid Algorithm",
	ErrResourceInUse:                  "Resource In Use",
	ErrKeyLength:                      "invalid Key Length",
	ErrFIBPathUnsupportedNhProto:      "Unsupported FIB Path protocol",
	ErrAPIEndianFailed:                "Endian mismatch detected",
	ErrNoChange:                       "No change in table",
	ErrMissingCertKey:                 "Missing certifcate or key",
	ErrLimitExceeded:                  "limit exceeded",
	ErrIKENoPort:                      "port not managed by IKE",
	ErrUDPPortTaken:                   "UDP port already taken",
	ErrAgain:                          "Retry stream call with cursor",
	ErrInvalidValue4:                  "Invalid value #4",
	ErrBusy:                           "Busy",
	ErrBug:                            "Bug",
	ErrFeatureAlreadyDisabled:         "Feature already disabled",
	ErrFeatureAlreadyEnabled:          "Feature already enabled",
	ErrInvalidPrefixLength:            "Invalid prefix length",
}
