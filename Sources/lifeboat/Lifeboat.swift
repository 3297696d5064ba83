@main struct Lifeboat { static func main() {} }
